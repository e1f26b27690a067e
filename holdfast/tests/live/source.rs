//! The two ways to listen, over real sockets: server-sent events from the edge, and the engine's
//! `WatchEvent`. Both bring the same updates.

use std::net::SocketAddr;

use proto::inventory::v1::inventory_client::InventoryClient;
use proto::inventory::v1::{
    Counts, EventDelta, EventSnapshot, EventUpdate, IndexedCounts, Update, WatchEventRequest,
};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tonic::Streaming;
use tonic::transport::Channel;

use crate::house::EVENT;

/// Bytes that a listener's side keeps of what it has not read: little, so that who does not read
/// is soon felt on the other side.
const RECEIVE_BUFFER_BYTES: u32 = 4_096;

/// Where updates come from.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    Rest(SocketAddr),
    Grpc(Channel),
}

/// A stream of updates that is open.
pub(crate) enum Source {
    Rest { stream: TcpStream, unread: Vec<u8> },
    Grpc(Streaming<EventUpdate>),
}

impl Way {
    /// Begins to listen, with what is known.
    pub(crate) async fn open(&self, known: Option<u64>) -> Source {
        match self {
            Self::Rest(address) => {
                let socket = TcpSocket::new_v4().unwrap();
                socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES).unwrap();
                let mut stream = socket.connect(*address).await.unwrap();
                let known = known.map(|version| format!("Last-Event-ID: {version}\r\n"));
                // The body of a reply to HTTP/1.0 is what comes until the end.
                let request = format!(
                    "GET /v1/events/{EVENT}/seats/stream HTTP/1.0\r\nHost: edge\r\n{}\r\n",
                    known.unwrap_or_default()
                );
                stream.write_all(request.as_bytes()).await.unwrap();
                let mut source = Source::Rest { stream, unread: Vec::new() };
                let head = source.block("\r\n\r\n").await.unwrap();
                assert!(head.starts_with("HTTP/1.0 200 OK"), "{head}");
                source
            }
            Self::Grpc(channel) => {
                let request = WatchEventRequest { event_id: EVENT.0, after_version: known };
                let mut client = InventoryClient::new(channel.clone());
                Source::Grpc(client.watch_event(request).await.unwrap().into_inner())
            }
        }
    }
}

impl Source {
    /// The next update; `None` when the other side has ended.
    pub(crate) async fn next(&mut self) -> Option<Update> {
        match self {
            Self::Grpc(stream) => {
                let update = stream.message().await.ok().flatten()?;
                Some(update.read().unwrap().unwrap())
            }
            Self::Rest { .. } => loop {
                let block = self.block("\n\n").await?;
                // Neither how long to wait before coming back nor a heartbeat.
                if block.starts_with("event: ") {
                    return Some(read(&block));
                }
            },
        }
    }

    /// What comes up to an end mark. Dropped while it waits it has lost nothing.
    async fn block(&mut self, end: &str) -> Option<String> {
        let Self::Rest { stream, unread } = self else { panic!("only texts have blocks") };
        let mut looked_at = 0;
        loop {
            let from = looked_at.max(end.len()) - end.len();
            let found =
                unread[from..].windows(end.len()).position(|window| window == end.as_bytes());
            if let Some(at) = found {
                let rest = unread.split_off(from + at + end.len());
                return Some(String::from_utf8(std::mem::replace(unread, rest)).unwrap());
            }
            looked_at = unread.len();
            if stream.read_buf(unread).await.ok()? == 0 {
                return None;
            }
        }
    }
}

fn read(block: &str) -> Update {
    let mut lines = block.lines();
    let mut field = |name: &str| lines.next().unwrap().strip_prefix(name).unwrap();
    let (event, id, data) = (field("event: "), field("id: "), field("data: "));
    let data: Value = serde_json::from_str(data).unwrap();
    let number = |name: &str| data[name].as_u64().unwrap();
    let list = |name: &str| data[name].as_array().unwrap();
    let is_closed = data["closed"].as_bool().unwrap();
    if event == "snapshot" {
        assert_eq!(id, number("version").to_string());
        let statuses = data["statuses"].as_str().unwrap().bytes().map(|digit| digit - b'0');
        return Update::Snapshot(EventSnapshot {
            version: number("version"),
            statuses: statuses.collect(),
            areas: list("areas").iter().map(counts).collect(),
            ticket_types: list("ticketTypes").iter().map(counts).collect(),
            is_closed,
        });
    }
    assert_eq!((event, id), ("delta", &*number("toVersion").to_string()));
    let index = |of: &Value| u32::try_from(of.as_u64().unwrap()).unwrap();
    let indexed =
        |of: &Value| IndexedCounts { index: index(&of["index"]), counts: Some(counts(of)) };
    Update::Delta(EventDelta {
        from_version: number("fromVersion"),
        to_version: number("toVersion"),
        seats: list("seats").iter().map(|seat| index(&seat[0])).collect(),
        statuses: list("seats").iter().map(|seat| index(&seat[1]) as u8).collect(),
        areas: list("areas").iter().map(indexed).collect(),
        ticket_types: list("ticketTypes").iter().map(indexed).collect(),
        is_closed,
    })
}

fn counts(of: &Value) -> Counts {
    let count = |name: &str| u32::try_from(of[name].as_u64().unwrap()).unwrap();
    Counts {
        available: count("available"),
        held: count("held"),
        allocated: count("allocated"),
        blocked: count("blocked"),
        capacity: count("capacity"),
    }
}
