//! Batches for tests: shards that go on where they were, with some fact of every kind.

use std::collections::BTreeMap;
use std::io::{Read, Seek};
use std::sync::Arc;

use inventory_core::digest::Digest;
use inventory_core::fact::{Change, Fact, RequestMark};
use inventory_core::ids::{
    AllocationId, AreaIndex, BuyerId, CategoryIndex, ChartHash, Epoch, EventId, HoldId, Lsn,
    RequestId, SeatIndex, ShardId, TicketTypeIndex,
};
use inventory_core::rules::EventRules;
use inventory_core::spots::{AreaPlaces, SeatSpot, Spots};
use inventory_core::state::{Allocation, EndedHold, Ending, EventImage, Hold, ShardImage};
use inventory_core::ticket_type::TicketType;
use inventory_core::time::Timestamp;

use crate::batch::Batch;

/// What somebody has to look at, by the log of some work.
pub(crate) fn warnings_of(work: impl FnOnce()) -> String {
    let mut file = tempfile::tempfile().unwrap();
    let log = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(file.try_clone().unwrap())
        .finish();
    tracing::subscriber::with_default(log, work);
    let mut lines = String::new();
    file.rewind().and_then(|()| file.read_to_string(&mut lines)).unwrap();
    lines
}

/// Writes the history of any number of shards.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writer {
    /// Sequence and last LSN of each shard.
    shards: BTreeMap<u16, (u64, u64)>,
}

impl Writer {
    /// A batch for each of `shards`, the next of that shard.
    pub(crate) fn group(&mut self, epoch: Epoch, shards: &[u16]) -> Vec<Batch> {
        shards.iter().map(|shard| self.batch(epoch, *shard)).collect()
    }

    /// Goes on behind these batches.
    pub(crate) fn behind(batches: &[Batch]) -> Self {
        let end = |batch: &Batch| (batch.shard().0, (batch.sequence(), batch.last_lsn().0));
        Self { shards: batches.iter().map(end).collect() }
    }

    fn batch(&mut self, epoch: Epoch, shard: u16) -> Batch {
        let (sequence, last_lsn) = self.shards.entry(shard).or_default();
        *sequence += 1;
        let count = 1 + (*sequence + u64::from(shard)) % 3;
        let facts: Vec<Arc<Fact>> =
            (1..=count).map(|index| Arc::new(fact(shard, *last_lsn + index))).collect();
        *last_lsn += count;
        let digest = Digest(u128::from(*last_lsn) << 64 | u128::from(shard));
        Batch::new(ShardId(shard), epoch, *sequence, facts, digest).unwrap()
    }
}

fn fact(shard: u16, lsn: u64) -> Fact {
    let id = u128::from(lsn) << 80 | 0x7000_8000_0000_0000_0000 | u128::from(shard);
    let request_id = RequestId::new(id).unwrap();
    let changes = all_changes();
    Fact {
        lsn: Lsn(lsn),
        at: Timestamp(1_700_000_000_000 + lsn),
        event_id: EventId(u64::from(shard) + 1),
        request: (!lsn.is_multiple_of(4))
            .then_some(RequestMark { id: request_id, fingerprint: lsn * 31 }),
        change: changes[lsn as usize % changes.len()].clone(),
    }
}

/// A shard's image with one of everything that there may be. What it says of digests is not so.
pub(crate) fn full_image() -> ShardImage {
    let (event_id, shard) = (EventId(7), ShardId(200));
    let buyer_id = BuyerId::new("ann").unwrap();
    let hold_id = HoldId(0x00c8_0000_0000_0005_1122_3344_5566_7788);
    let id = AllocationId(0x00c8_0000_0000_0006_1122_3344_5566_7788);
    let mut changes = all_changes().into_iter();
    let (rules, ticket_types) = match changes.next() {
        Some(Change::EventCreated { rules, ticket_types, .. }) => (rules, ticket_types),
        other => panic!("{other:?}"),
    };
    let spots = match changes.find_map(|change| Some(change.spots_moved()?.0.clone())) {
        Some(spots) => spots,
        None => panic!("some change moves spots"),
    };
    ShardImage {
        shard,
        last_lsn: Lsn(9),
        last_at: Timestamp(1_700_000_000_009),
        newest_forgotten: 0x0102,
        digest: Digest(0xaabb),
        events: vec![EventImage {
            id: event_id,
            name: "Gala".into(),
            chart: ChartHash([0xab; 32]),
            rules,
            ticket_types,
            created_at: Timestamp(1_700_000_000_000),
            closed_at: Some(Timestamp(1_700_000_000_001)),
            blocked_seats: vec![(SeatIndex(4), 3)],
            blocked_places: vec![(AreaIndex(1), 5)],
        }],
        holds: vec![Hold {
            id: hold_id,
            event_id,
            buyer_id: buyer_id.clone(),
            spots: spots.clone(),
            deadline: Timestamp(1_700_000_900_000),
            extensions: 2,
        }],
        allocations: vec![Allocation {
            id,
            hold_id,
            event_id,
            buyer_id: buyer_id.clone(),
            spots,
            allocated_at: Timestamp(1_700_000_000_002),
        }],
        ended_holds: vec![EndedHold {
            id: hold_id,
            event_id,
            buyer_id,
            ending: Ending::Allocated,
            at: Timestamp(1_700_000_000_002),
        }],
        requests: [fact(200, 9)].iter().collect(),
    }
}

/// One change of every kind.
pub(crate) fn all_changes() -> Vec<Change> {
    let hold_id = HoldId(0x00c8_0000_0000_0005_1122_3344_5566_7788);
    let allocation_id = AllocationId(0x00c8_0000_0000_0006_1122_3344_5566_7788);
    let buyer_id = BuyerId::new("ann").unwrap();
    let spots = Spots::of_seats([SeatIndex(1), SeatIndex(258)]);
    let adult = TicketType {
        key: "adult".into(),
        quota: Some(40),
        sale_opens_at: None,
        sale_closes_at: Some(Timestamp(1_700_000_900_000)),
        categories: vec![CategoryIndex(0), CategoryIndex(3)],
    };
    let child = TicketType {
        key: "child".into(),
        quota: None,
        sale_opens_at: None,
        sale_closes_at: None,
        categories: Vec::new(),
    };
    let typed = Some(TicketTypeIndex(1));
    let typed = Spots {
        seats: vec![
            SeatSpot { seat: SeatIndex(7), ticket_type: typed },
            SeatSpot { seat: SeatIndex(8), ticket_type: None },
        ]
        .into(),
        areas: vec![
            AreaPlaces { area: AreaIndex(0), ticket_type: typed, count: 3 },
            AreaPlaces { area: AreaIndex(65), ticket_type: None, count: 70_000 },
        ],
    };
    let deadline = Timestamp(1_700_000_900_000);
    let rules = EventRules {
        hold_ttl_millis: 900_000,
        extensions_max: 3,
        buyer_seats_max: Some(8),
        sale_opens_at: Some(Timestamp(1_699_999_999_999)),
        sale_closes_at: None,
    };
    vec![
        Change::EventCreated {
            name: "Gala".into(),
            chart: ChartHash([0xab; 32]),
            rules,
            ticket_types: vec![adult, child],
        },
        Change::HoldPlaced { hold_id, buyer_id: buyer_id.clone(), spots: spots.clone(), deadline },
        Change::HoldExtended { hold_id, deadline },
        Change::HoldReleased { hold_id, spots: spots.clone() },
        Change::HoldAllocated {
            hold_id,
            allocation_id,
            buyer_id: buyer_id.clone(),
            spots: spots.clone(),
        },
        Change::HoldExpired { hold_id, spots: spots.clone() },
        Change::SpotsReturned { allocation_id, spots: spots.clone() },
        Change::SpotsBlocked { spots: spots.clone() },
        Change::SpotsUnblocked { spots },
        Change::EventClosed,
        Change::HoldPlaced { hold_id, buyer_id, spots: typed, deadline },
    ]
}
