//! What is asked of an engine over gRPC: requests made of picks and holds.
//!
//! Request ids are UUIDs of version 7 made when they are sent, as the contract wants them. Every
//! hold has a buyer of its own.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use proto::inventory::v1::place_request::Selection;
use proto::inventory::v1::{AllocateRequest, BestAvailable, PlaceRequest, ReleaseRequest, Seats};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::workload::{Choice, Pick};

/// The id of the event with number 0. Before it there is room for what a server begins with.
pub const FIRST_EVENT_ID: u64 = 1_000;

/// The id of an event.
pub fn event_id(event: u32) -> u64 {
    FIRST_EVENT_ID + u64::from(event)
}

/// Makes the requests of one client.
#[derive(Debug)]
pub struct Asks {
    random: ChaCha8Rng,
    /// A moment by both clocks; asking the system for each request would cost more.
    started: (Instant, u64),
}

impl Asks {
    /// With random numbers of the client's own.
    pub fn new(random: ChaCha8Rng) -> Self {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { random, started: (Instant::now(), unix.as_millis() as u64) }
    }

    /// The random numbers.
    pub fn random(&mut self) -> &mut ChaCha8Rng {
        &mut self.random
    }

    /// The number of a buyer that nobody else has.
    pub fn buyer(&mut self) -> u64 {
        self.random.random()
    }

    fn request_id(&mut self, now: Instant) -> Bytes {
        let (started, millis) = self.started;
        let millis = millis + now.saturating_duration_since(started).as_millis() as u64;
        let random: [u8; 10] = self.random.random();
        let id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        Bytes::copy_from_slice(id.as_bytes())
    }

    /// Hold the seats of a pick, or as many as it has that the engine chooses.
    pub fn place(&mut self, now: Instant, pick: &Pick, buyer: u64, choice: Choice) -> PlaceRequest {
        let selection = match choice {
            Choice::ById => {
                Selection::Seats(Seats { indexes: pick.seats.to_vec(), ..Seats::default() })
            }
            Choice::BestAvailable => Selection::BestAvailable(BestAvailable {
                quantity: pick.seats.len() as u32,
                ..BestAvailable::default()
            }),
        };
        PlaceRequest {
            request_id: self.request_id(now),
            event_id: event_id(pick.event),
            buyer_id: buyer_id(buyer),
            selection: Some(selection),
            areas: Vec::new(),
        }
    }

    /// Sell what is held.
    pub fn allocate(&mut self, now: Instant, hold_id: Bytes, buyer: u64) -> AllocateRequest {
        AllocateRequest {
            request_id: self.request_id(now),
            hold_id,
            buyer_id: buyer_id(buyer),
            part: None,
            areas: Vec::new(),
        }
    }

    /// Give back what is held.
    pub fn release(&mut self, now: Instant, hold_id: Bytes, buyer: u64) -> ReleaseRequest {
        ReleaseRequest {
            request_id: self.request_id(now),
            hold_id,
            buyer_id: buyer_id(buyer),
            part: None,
            areas: Vec::new(),
        }
    }
}

/// A buyer's id as text: 16 hexadecimal digits.
pub fn buyer_id(buyer: u64) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |place: u64| char::from(DIGITS[(buyer >> (60 - 4 * place) & 0xf) as usize]);
    let mut id = String::with_capacity(16);
    id.extend((0..16).map(digit));
    id
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn request_ids_are_time_ordered_uuids() {
        let mut asks = Asks::new(ChaCha8Rng::seed_from_u64(1));
        let now = Instant::now();
        let ids: Vec<_> = (0..3)
            .map(|millis| {
                let id = asks.request_id(now + std::time::Duration::from_millis(millis * 10));
                uuid::Uuid::from_slice(&id).unwrap()
            })
            .collect();
        assert!(ids.is_sorted(), "{ids:?}");
        assert!(ids.iter().all(|id| id.get_version_num() == 7), "{ids:?}");
    }

    #[test]
    fn a_buyer_is_known_by_16_digits() {
        assert_eq!(buyer_id(0x12ab), "00000000000012ab");
        assert_eq!(buyer_id(u64::MAX), "f".repeat(16));
    }
}
