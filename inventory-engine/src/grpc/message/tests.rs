//! What is written as bytes is what the messages of the contract are.

use std::sync::Arc;
use std::time::Duration;

use inventory_core::chart::{Area, Chart, ChartParts, Point, Seat};
use inventory_core::fact::Fact;
use inventory_core::ids::{
    AllocationId, AreaIndex, BuyerId, ChartHash, EventId, HoldId, Lsn, SeatIndex, TicketTypeIndex,
};
use inventory_core::rules::EventRules;
use inventory_core::spots::{AreaPlaces, SeatSpot};
use inventory_core::state::ShardState;
use inventory_core::strategies;
use inventory_core::ticket_type::TicketType;
use inventory_core::time::Timestamp;

use proptest::prelude::*;
use prost::Message as _;

use super::*;
use crate::ack::Durability;
use crate::answer::{Accepted, Failure};
use crate::directory::Directory;

const EVENT: EventId = EventId(7);

/// A directory with an event of 400 seats, one with a long label among them, an area and a type.
fn directory() -> Directory {
    let seat = |number: u32| Seat {
        label: if number == 9 { "é".repeat(100) } else { format!("Stalls-{number}") },
        section: None,
        category: None,
        position: Point { x: f64::from(number), y: 0.0 },
        entrance: None,
        accessible: false,
        companion: false,
        restricted_view: false,
    };
    let lawn = Area { label: "lawn".to_owned(), section: None, category: None, capacity: 500 };
    let parts = ChartParts {
        name: "venue".to_owned(),
        seats: (0..400).map(seat).collect(),
        areas: vec![lawn],
        ..ChartParts::default()
    };
    let adult = TicketType {
        key: "adult".into(),
        quota: None,
        sale_opens_at: None,
        sale_closes_at: None,
        categories: Vec::new(),
    };
    let mut state = ShardState::new(EVENT.shard());
    let chart = ChartHash([1; 32]);
    state.register_chart(chart, Arc::new(Chart::new(parts).unwrap()));
    let change = Change::EventCreated {
        name: "show".into(),
        chart,
        rules: EventRules::default(),
        ticket_types: vec![adult],
    };
    let created = fact(1, change);
    state.apply(&created);
    let directory = Directory::default();
    directory.show(state.event(EVENT).unwrap(), &created);
    directory
}

fn fact(lsn: u64, change: Change) -> Fact {
    Fact { lsn: Lsn(lsn), at: Timestamp(5), event_id: EVENT, request: None, change }
}

fn spots(seats: &[u32], types: &[Option<u16>], places: &[u32]) -> Spots {
    let types = types.iter().map(|of| of.map(TicketTypeIndex)).cycle();
    let seats = seats.iter().zip(types);
    let line = |&count: &u32| AreaPlaces {
        area: AreaIndex(0),
        ticket_type: (count > 100).then_some(TicketTypeIndex(0)),
        count,
    };
    Spots {
        seats: seats
            .map(|(&seat, ticket_type)| SeatSpot { seat: SeatIndex(seat), ticket_type })
            .collect(),
        areas: places.iter().map(line).collect(),
    }
}

/// Holds of all kinds, and changes that no hold is part of.
fn changes() -> Vec<Change> {
    let hold_id = HoldId((3 << 112) | (700 << 64) | 9);
    let allocation_id = AllocationId((3 << 112) | (701 << 64) | 8);
    let buyer_id = BuyerId::new("ann").unwrap();
    let long: Vec<u32> = (0..300).collect();
    let all = [
        spots(&[3, 300], &[None], &[]),
        spots(&[9], &[Some(0)], &[1, 200]),
        spots(&[0, 399, 127, 128], &[Some(0), None], &[]),
        spots(&[], &[None], &[40]),
        spots(&long, &[None], &[]),
        Spots::default(),
    ];
    let mut changes = Vec::new();
    for spots in all {
        let (spots, buyer_id) = (|| spots.clone(), buyer_id.clone());
        let deadline = Timestamp(if spots().is_empty() { 0 } else { 1_700_000_000_000 });
        changes.extend([
            Change::HoldAllocated {
                hold_id,
                allocation_id,
                buyer_id: buyer_id.clone(),
                spots: spots(),
            },
            Change::HoldPlaced { hold_id, buyer_id, spots: spots(), deadline },
            Change::HoldReleased { hold_id, spots: spots() },
            Change::SpotsReturned { allocation_id, spots: spots() },
            Change::SpotsBlocked { spots: spots() },
            Change::HoldExtended { hold_id, deadline },
        ]);
    }
    changes
}

fn accepted(fact: &Fact) -> Reply {
    accepted_as(fact, Durability::Journal)
}

fn accepted_as(fact: &Fact, durability: Durability) -> Reply {
    let fact = Arc::new(fact.clone());
    Ok(Answer::Accepted(Accepted { fact, is_repeat: false, durability }))
}

#[test]
fn the_bytes_are_those_of_the_contracts_messages() {
    let directory = directory();
    let (mut message, mut typed) = (Message::default(), Vec::new());
    for (number, change) in (0..).zip(changes()) {
        let fact = fact(number * 1_000, change);
        let mut names = NamesOf::new(&directory);
        // The first has the correlation id 0, which is left out.
        let correlation_id = number << 20;
        message.push(correlation_id, accepted(&fact), &mut names);
        let outcome = answers::outcome(accepted(&fact), &mut names);
        assert!(outcome.is_some());
        typed.push(v1::Answer { correlation_id, outcome, durability: 0 });
        assert_eq!(message.answers(), typed.len());
        // The same in Postgres as well.
        let durability = v1::Durability::JournalAndPostgres.into();
        let outcome = answers::outcome(accepted(&fact), &mut names);
        message.push(9, accepted_as(&fact, Durability::JournalAndPostgres), &mut names);
        typed.push(v1::Answer { correlation_id: 9, outcome, durability });
    }
    let failure = Failure::Overloaded { retry_after: Duration::from_millis(9) };
    message.push(5, Err(failure.clone()), &mut NamesOf::new(&directory));
    let outcome = answers::outcome(Err(failure), &mut NamesOf::new(&directory));
    typed.push(v1::Answer { correlation_id: 5, outcome, durability: 0 });

    let expected = v1::AnswerBatch::from(typed).encode_to_vec();
    assert_eq!(message.bytes(), expected.len());
    let batch = message.take();
    assert_eq!(batch.encode_to_vec(), expected);
    assert_eq!((message.answers(), message.bytes()), (0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    /// Seats, areas and types that the event does not have among them: they have no names.
    #[test]
    fn any_answer_has_the_bytes_of_the_contracts_message(
        facts in prop::collection::vec((any::<u64>(), strategies::fact()), 1..6),
    ) {
        let directory = directory();
        let (mut message, mut typed) = (Message::default(), Vec::new());
        for (correlation_id, fact) in facts {
            let fact = Fact { event_id: EVENT, ..fact };
            let mut names = NamesOf::new(&directory);
            let durability = [Durability::Journal, Durability::JournalAndPostgres]
                [(correlation_id % 2) as usize];
            let outcome = answers::outcome(accepted(&fact), &mut names);
            // What no command is answered with is none of a stream's.
            if outcome.is_some() {
                message.push(correlation_id, accepted_as(&fact, durability), &mut names);
                let durability = answers::durability(durability).into();
                typed.push(v1::Answer { correlation_id, outcome, durability });
            }
        }
        prop_assert_eq!(message.answers(), typed.len());
        let expected = v1::AnswerBatch::from(typed).encode_to_vec();
        prop_assert_eq!(message.take().encode_to_vec(), expected);
    }
}
