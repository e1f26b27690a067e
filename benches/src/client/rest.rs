//! Reserve, allocate and release over REST: one request at a time on each connection, as HTTP/1.1
//! clients do it.
//!
//! The client writes its requests and reads the replies by itself. A client library would take
//! more of the two processors than the servers that are compared.

use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use bytes::{Buf, BytesMut};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Round;
use super::asks::{Asks, buyer_id, event_id};
use crate::measured::{Measured, Meter};
use crate::workload::{Fate, Pick};

/// Runs one connection's part of a round.
///
/// # Errors
/// If anything but an answer or a refused reserve comes.
pub async fn run(
    address: String,
    labels: Arc<[String]>,
    round: Round,
    client: usize,
) -> anyhow::Result<Measured> {
    let mut caller = Caller {
        connection: Connection::open(&address).await?,
        asks: Asks::new(round.random(client)),
        meter: Meter::new(round.window),
        labels,
        round,
    };
    caller.run().await?;
    Ok(caller.meter.finish())
}

struct Caller {
    connection: Connection,
    asks: Asks,
    meter: Meter,
    labels: Arc<[String]>,
    round: Round,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reserved<'a> {
    hold_id: &'a str,
}

impl Caller {
    async fn run(&mut self) -> anyhow::Result<()> {
        let mut now = Instant::now();
        while !self.round.window.is_over(now) {
            let pick = self.round.sale.next_place(self.asks.random()).context(super::SOLD_OUT)?;
            let buyer = buyer_id(self.asks.buyer());
            let body = self.reserve_body(&pick, &buyer);
            let (status, reply) = self.connection.post("reserve", &buyer, &body).await?;
            let asked = std::mem::replace(&mut now, Instant::now());
            match status {
                200 => {
                    self.meter.confirmed(asked, now);
                    let reserved: Reserved<'_> = serde_json::from_slice(&reply)?;
                    let body = part_body(reserved.hold_id, &buyer);
                    now = self.end(&pick, &buyer, &body, now).await?;
                }
                409 if contains(&reply, super::REFUSAL) => self.meter.refused(now),
                _ => bail!("a reserve failed: {status} {}", String::from_utf8_lossy(&reply)),
            }
        }
        Ok(())
    }

    async fn end(
        &mut self,
        pick: &Pick,
        buyer: &str,
        body: &str,
        asked: Instant,
    ) -> anyhow::Result<Instant> {
        let fate = self.round.sale.fate(self.asks.random());
        let path = match fate {
            Fate::Allocate => "allocate",
            Fate::Release => "release",
        };
        let (status, reply) = self.connection.post(path, buyer, body).await?;
        let failed = || format!("{path} failed: {status} {}", String::from_utf8_lossy(&reply));
        ensure!(status == 200, failed());
        match fate {
            Fate::Allocate => self.round.sale.sold(pick),
            Fate::Release => self.round.sale.released(pick),
        }
        let now = Instant::now();
        self.meter.confirmed(asked, now);
        Ok(now)
    }

    fn reserve_body(&self, pick: &Pick, buyer: &str) -> String {
        let [one, other] = pick.seats.map(|seat| &self.labels[seat as usize]);
        let event_id = event_id(pick.event);
        format!(r#"{{"eventId":{event_id},"seatIds":["{one}","{other}"],"userId":"{buyer}"}}"#)
    }
}

fn part_body(hold_id: &str, buyer: &str) -> String {
    format!(r#"{{"holdId":"{hold_id}","userId":"{buyer}"}}"#)
}

fn contains(text: &[u8], word: &str) -> bool {
    text.windows(word.len()).any(|part| part == word.as_bytes())
}

/// A connection of HTTP/1.1 that is kept.
struct Connection {
    stream: TcpStream,
    sent: Vec<u8>,
    received: BytesMut,
}

impl Connection {
    async fn open(address: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.context("connect over HTTP")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, sent: Vec::new(), received: BytesMut::new() })
    }

    /// Asks, and answers with the status and the body of the reply.
    async fn post(&mut self, path: &str, key: &str, body: &str) -> anyhow::Result<(u16, BytesMut)> {
        self.sent.clear();
        write!(
            self.sent,
            "POST /v1/seats/{path} HTTP/1.1\r\nhost: localhost\r\n\
             content-type: application/json\r\nidempotency-key: {key}\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )?;
        self.stream.write_all(&self.sent).await.context("send a request")?;
        loop {
            if let Some(head) = head(&self.received)?
                && self.received.len() >= head.bytes + head.body_bytes
            {
                self.received.advance(head.bytes);
                return Ok((head.status, self.received.split_to(head.body_bytes)));
            }
            let read = self.stream.read_buf(&mut self.received).await.context("read a reply")?;
            ensure!(read > 0, "the server closed a connection");
        }
    }
}

/// What has to be known of a reply's head.
#[derive(Debug, Eq, PartialEq)]
struct Head {
    status: u16,
    bytes: usize,
    body_bytes: usize,
}

/// The head of a reply; `None` while it is not complete.
fn head(received: &[u8]) -> anyhow::Result<Option<Head>> {
    const END: &[u8] = b"\r\n\r\n";
    let Some(end) = received.windows(END.len()).position(|part| part == END) else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&received[..end]).context("a head that is no text")?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    let status = status.parse().with_context(|| format!("a reply without a status: {text}"))?;
    let length = lines.filter_map(|line| line.split_once(':')).find_map(|(name, value)| {
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse())
    });
    let body_bytes = length.with_context(|| format!("a reply without a length: {text}"))??;
    Ok(Some(Head { status, bytes: end + END.len(), body_bytes }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_complete() {
        let reply = b"HTTP/1.1 409 Conflict\r\nContent-Length: 12\r\nx: y\r\n\r\n{\"a\":";
        assert_eq!(head(&reply[..30]).unwrap(), None);
        let expected = Head { status: 409, bytes: 51, body_bytes: 12 };
        assert_eq!(head(reply).unwrap(), Some(expected));
        assert!(head(b"HTTP/1.1 200 OK\r\n\r\n").is_err(), "no length");
        assert!(head(b"HTTP/1.1 what\r\ncontent-length: 1\r\n\r\n").is_err());
    }

    #[test]
    fn refusals_are_told_by_their_code() {
        assert!(contains(br#"{"code":"seats_unavailable"}"#, crate::client::REFUSAL));
        assert!(!contains(br#"{"code":"overloaded"}"#, crate::client::REFUSAL));
    }
}
