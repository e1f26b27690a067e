//! A connection to Redis that writes many commands at once and reads replies that are small
//! numbers. Nothing else is understood: an error ends the measurement.

use std::net::Ipv4Addr;

use anyhow::{Context, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection.
pub(super) struct Wire {
    stream: TcpStream,
    outgoing: Vec<u8>,
    incoming: Vec<u8>,
    answers: Vec<bool>,
}

impl Wire {
    pub(super) async fn connect(port: u16) -> anyhow::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, outgoing: Vec::new(), incoming: Vec::new(), answers: Vec::new() })
    }

    /// Where commands are to be packed.
    pub(super) fn outgoing(&mut self) -> &mut Vec<u8> {
        &mut self.outgoing
    }

    /// Sends all that was packed, and waits for so many replies: whether each is 1.
    pub(super) async fn exchange(&mut self, count: usize) -> anyhow::Result<&[bool]> {
        self.stream.write_all(&self.outgoing).await?;
        self.outgoing.clear();
        self.answers.clear();
        let mut unread = 0;
        while self.answers.len() < count {
            let read = self.stream.read_buf(&mut self.incoming).await?;
            ensure!(read > 0, "Redis closed the connection");
            unread += parse(&self.incoming[unread..], &mut self.answers)?;
        }
        ensure!(unread == self.incoming.len(), "Redis said more than it was asked");
        self.incoming.clear();
        Ok(&self.answers)
    }
}

/// Reads whole lines; how many bytes they had.
fn parse(bytes: &[u8], answers: &mut Vec<bool>) -> anyhow::Result<usize> {
    let mut read = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match line {
            b":1\r\n" => answers.push(true),
            b":0\r\n" => answers.push(false),
            [.., b'\n'] => {
                let text = std::str::from_utf8(line).context("a reply is no text")?;
                bail!("Redis said {text:?}");
            }
            _ => break,
        }
        read += line.len();
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_read_line_by_line_and_anything_else_is_an_error() {
        let mut answers = Vec::new();
        assert_eq!(parse(b":1\r\n:0\r\n:1\r", &mut answers).unwrap(), 8);
        assert_eq!(answers, [true, false]);
        let error = parse(b"-NOSCRIPT\r\n", &mut answers).unwrap_err();
        assert!(error.to_string().contains("NOSCRIPT"), "{error}");
    }
}
