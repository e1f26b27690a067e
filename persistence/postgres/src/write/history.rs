//! What happened, fact by fact.

use std::fmt::Write;

use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{AllocationId, BuyerId, HoldId, ShardId};
use inventory_core::spots::AreaPlaces;
use inventory_core::time::Timestamp;
use sqlx::PgConnection;

use super::copy;
use crate::changes::Changes;
use crate::copy::Rows;
use crate::error::Error;

const HISTORY: &str = "COPY history FROM STDIN BINARY";

/// Writes a row a fact.
pub(super) async fn append(connection: &mut PgConnection, changes: &Changes) -> Result<(), Error> {
    let mut rows = Rows::new();
    for (shard, of_shard) in &changes.shards {
        of_shard.facts.iter().for_each(|fact| add(&mut rows, *shard, fact));
    }
    copy(connection, HISTORY, rows).await
}

/// What a fact names besides its spots.
#[derive(Default)]
struct Names<'a> {
    hold_id: Option<HoldId>,
    allocation_id: Option<AllocationId>,
    buyer_id: Option<&'a BuyerId>,
    deadline: Option<Timestamp>,
}

impl<'a> Names<'a> {
    fn of(change: &'a Change) -> Self {
        let none = Self::default();
        match change {
            Change::HoldPlaced { hold_id, buyer_id, deadline, .. } => Self {
                hold_id: Some(*hold_id),
                buyer_id: Some(buyer_id),
                deadline: Some(*deadline),
                ..none
            },
            Change::HoldExtended { hold_id, deadline } => {
                Self { hold_id: Some(*hold_id), deadline: Some(*deadline), ..none }
            }
            Change::HoldReleased { hold_id, .. } | Change::HoldExpired { hold_id, .. } => {
                Self { hold_id: Some(*hold_id), ..none }
            }
            Change::HoldAllocated { hold_id, allocation_id, buyer_id, .. } => Self {
                hold_id: Some(*hold_id),
                allocation_id: Some(*allocation_id),
                buyer_id: Some(buyer_id),
                ..none
            },
            Change::SpotsReturned { allocation_id, .. } => {
                Self { allocation_id: Some(*allocation_id), ..none }
            }
            Change::EventCreated { .. }
            | Change::EventClosed
            | Change::SpotsBlocked { .. }
            | Change::SpotsUnblocked { .. } => none,
        }
    }
}

fn add(rows: &mut Rows, shard: ShardId, fact: &Fact) {
    let Names { hold_id, allocation_id, buyer_id, deadline } = Names::of(&fact.change);
    rows.row(14).smallint(shard.0).bigint(fact.lsn.0).bigint(fact.event_id.0);
    rows.timestamptz(fact.at).text(fact.change.name());
    rows.maybe(fact.request.map(|mark| mark.id.get()), Rows::uuid);
    rows.maybe(hold_id.map(|id| id.0), Rows::uuid);
    rows.maybe(allocation_id.map(|id| id.0), Rows::uuid);
    rows.maybe(buyer_id.map(BuyerId::as_str), Rows::text);
    match fact.change.spots_moved() {
        Some((spots, ..)) => {
            rows.bigint(u64::from(spots.count()));
            let seats = Some(&spots.seats).filter(|seats| !seats.is_empty());
            rows.maybe(seats, |rows, seats| {
                rows.integers(seats.iter().map(|spot| Some(spot.seat.0)))
            });
            let typed = seats.filter(|seats| seats.iter().any(|spot| spot.ticket_type.is_some()));
            rows.maybe(typed, |rows, seats| {
                rows.integers(seats.iter().map(|spot| spot.ticket_type.map(|of| u32::from(of.0))))
            });
            let areas = Some(&spots.areas).filter(|areas| !areas.is_empty());
            rows.maybe(areas, |rows, areas| rows.jsonb(&places(areas)));
        }
        None => {
            rows.bigint(0).null().null().null();
        }
    }
    rows.maybe(deadline, Rows::timestamptz);
}

/// Places as JSON. Numbers alone, which need no escaping.
fn places(areas: &[AreaPlaces]) -> String {
    let mut text = String::from("[");
    for (index, AreaPlaces { area, ticket_type, count }) in areas.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        // A string takes whatever is written to it.
        let _ = write!(text, "{comma}{{\"area\":{area},\"count\":{count}");
        if let Some(ticket_type) = ticket_type {
            let _ = write!(text, ",\"ticket_type\":{ticket_type}");
        }
        text.push('}');
    }
    text.push(']');
    text
}
