//! Load without records: so many operations in flight on a few streams, each slot with seats of its
//! own, so that nothing is ever refused and what is confirmed can be counted.
//!
//! Must always hold: an answer that is no confirmation is counted apart, and its slot asks again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proto::inventory::v1;
use proto::inventory::v1::inventory_client::InventoryClient;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::transport::Endpoint;

use crate::client::{command, said_of_outcome};
use crate::history::{Accepted, Ask, Done, HoldId, RequestId, Said};
use crate::limits::MESSAGE_COMMANDS_MAX;
use crate::pause::pass;

/// What slots do with their seats.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Course {
    /// Hold the first one and give it back, for ever.
    Endless,
    /// Hold each of them and give it back so often, then sell it, and end.
    SellOut {
        /// Times that it is given back.
        releases: u32,
    },
}

/// Which load.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// What is bought of.
    pub event_id: u64,
    /// Streams, each on a connection of its own.
    pub streams: u32,
    /// Operations in flight on each.
    pub slots: u32,
    /// Seats from 0 on, shared out among all slots.
    pub seats: u32,
    /// What is done with them.
    pub course: Course,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Counted {
    /// Changes that were confirmed.
    pub confirmed: AtomicU64,
    /// Answers that were something else.
    pub other: AtomicU64,
}

/// A load that is on. It ends with this value.
#[derive(Debug)]
pub struct Running {
    /// What came of it so far.
    pub counted: Arc<Counted>,
    streams: JoinSet<()>,
}

impl Load {
    /// Lets it come.
    pub fn start(self, endpoint: &Endpoint) -> Running {
        let counted = Arc::new(Counted::default());
        let mut streams = JoinSet::new();
        for stream in 0..self.streams {
            let (endpoint, counted) = (endpoint.clone(), Arc::clone(&counted));
            streams.spawn(async move {
                // A stream that ends early is seen by what is not confirmed any more.
                let _ = Stream::new(self, stream, counted).run(endpoint).await;
            });
        }
        Running { counted, streams }
    }
}

impl Running {
    /// How many are confirmed a second, over so long.
    pub async fn rate(&self, over: Duration) -> f64 {
        let before = self.counted.confirmed.load(Ordering::Relaxed);
        let started = tokio::time::Instant::now();
        pass(over).await;
        let confirmed = self.counted.confirmed.load(Ordering::Relaxed) - before;
        confirmed as f64 / started.elapsed().as_secs_f64()
    }

    /// Waits until everything is sold.
    pub async fn ended(mut self) {
        while self.streams.join_next().await.is_some() {}
    }
}

/// One operation in flight after the other.
#[derive(Clone, Copy, Debug)]
struct Slot {
    seat: u32,
    /// Seats that are still to come.
    left: u32,
    released: u32,
    hold_id: Option<HoldId>,
}

struct Stream {
    load: Load,
    slots: Vec<Slot>,
    counted: Arc<Counted>,
}

impl Stream {
    fn new(load: Load, stream: u32, counted: Arc<Counted>) -> Self {
        let per_slot = (load.seats / (load.streams * load.slots)).max(1);
        let slot = |slot: u32| Slot {
            seat: (stream * load.slots + slot) * per_slot % load.seats,
            left: per_slot - 1,
            released: 0,
            hold_id: None,
        };
        Self { load, slots: (0..load.slots).map(slot).collect(), counted }
    }

    async fn run(mut self, endpoint: Endpoint) -> Option<()> {
        let channel = endpoint.connect().await.ok()?;
        // Never longer than the slots are many: each has one operation in flight.
        let (batches, outgoing) = mpsc::unbounded_channel();
        let slots: Vec<u64> = (0..u64::from(self.load.slots)).collect();
        for some in slots.chunks(MESSAGE_COMMANDS_MAX) {
            let commands = some.iter().map(|slot| self.next(*slot)).collect();
            batches.send(v1::CommandBatch { commands }).ok()?;
        }
        let mut client = InventoryClient::new(channel);
        let answers = client.pipeline(UnboundedReceiverStream::new(outgoing)).await.ok()?;
        let (mut answers, mut open) = (answers.into_inner(), self.slots.len());
        while let Some(message) = answers.message().await.ok()? {
            let mut commands = Vec::with_capacity(message.answers.len());
            for answer in message.answers {
                let slot = answer.correlation_id;
                match self.hear(slot, said_of_outcome(answer.outcome)) {
                    true => commands.push(self.next(slot)),
                    false => open -= 1,
                }
            }
            if open == 0 {
                return Some(());
            }
            if !commands.is_empty() {
                batches.send(v1::CommandBatch { commands }).ok()?;
            }
        }
        None
    }

    /// The next command of a slot.
    fn next(&self, number: u64) -> v1::Command {
        let slot = &self.slots[number as usize];
        let buyer = format!("b{}", slot.seat);
        let ask = match (slot.hold_id, self.load.course) {
            (None, _) => Ask::Place { event_id: self.load.event_id, buyer, seats: vec![slot.seat] },
            (Some(hold_id), Course::SellOut { releases }) if slot.released >= releases => {
                Ask::Allocate { hold_id, buyer }
            }
            (Some(hold_id), _) => Ask::Release { hold_id, buyer },
        };
        let verb = Some(command(RequestId::now(), &ask));
        v1::Command { correlation_id: number, timeout_millis: None, ack: 0, verb }
    }

    /// Whether a slot goes on behind an answer.
    fn hear(&mut self, number: u64, said: Said) -> bool {
        let slot = &mut self.slots[number as usize];
        let Said::Accepted(Accepted { done, .. }) = said else {
            self.counted.other.fetch_add(1, Ordering::Relaxed);
            return true;
        };
        self.counted.confirmed.fetch_add(1, Ordering::Relaxed);
        match done {
            Done::Placed { hold_id, .. } => slot.hold_id = Some(hold_id),
            Done::Released { .. } => {
                slot.hold_id = None;
                slot.released += u32::from(self.load.course != Course::Endless);
            }
            Done::Allocated { .. } => {
                if slot.left == 0 {
                    return false;
                }
                *slot =
                    Slot { seat: slot.seat + 1, left: slot.left - 1, released: 0, hold_id: None };
            }
            Done::Extended { .. } | Done::Returned { .. } => {}
        }
        true
    }
}
