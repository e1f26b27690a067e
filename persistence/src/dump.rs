//! `holdfast journal dump`: the journal as one record a fact, for people, scripts and audits.
//!
//! Must always hold: the names of the fields are a contract; what a change does not have is left
//! out.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::path::Path;

use inventory_core::fact::{Change, Fact};
use inventory_core::rules::EventRules;
use inventory_core::spots::{AreaPlaces, Spots};
use inventory_core::ticket_type::TicketType;
use serde::{Deserialize, Serialize};

use crate::file::StoredBatch;
use crate::file::error::Error;
use crate::file::reader::JournalReader;

/// One fact, as `dump` shows it. Ids that are 128 bits wide are 32 hexadecimal digits.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct FactRecord {
    /// Its place in its shard's history.
    pub lsn: u64,
    /// Its shard.
    pub shard: u16,
    /// The epoch of the writer that decided it.
    pub epoch: u64,
    /// The number, in the whole journal, of the batch that it is in.
    pub batch: u64,
    /// When it was decided.
    pub at_millis: u64,
    /// The event that it changed.
    pub event_id: u64,
    /// The word of [`Change::name`].
    pub change: Cow<'static, str>,
    /// The request that asked for it; absent for what the engine did by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The hold that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_id: Option<String>,
    /// The allocation that was made or returned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocation_id: Option<String>,
    /// Whose hold or allocation it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buyer_id: Option<String>,
    /// The seats that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seats: Option<Vec<u32>>,
    /// Their ticket types in the same order, by index; absent where none has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seat_types: Option<Vec<Option<u16>>>,
    /// The places that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub areas: Option<Vec<AreaRecord>>,
    /// When the hold ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline_millis: Option<u64>,
    /// The event's chart, 64 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chart: Option<String>,
    /// The event's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The event's rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<RulesRecord>,
    /// The event's ticket types, by index; absent where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket_types: Option<Vec<TicketTypeRecord>>,
}

/// Places in an area, as `dump` shows them.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct AreaRecord {
    /// The area's index.
    pub area: u32,
    /// How many.
    pub count: u32,
    /// The index of their ticket type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket_type: Option<u16>,
}

/// A ticket type of an event, as `dump` shows it.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct TicketTypeRecord {
    /// The organizer's key.
    pub key: String,
    /// How many spots may be sold as this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<u32>,
    /// From when on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sale_opens_at_millis: Option<u64>,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sale_closes_at_millis: Option<u64>,
    /// The indexes of the categories that may be sold as this; empty: all.
    pub categories: Vec<u32>,
}

/// An event's rules, as `dump` shows them.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct RulesRecord {
    /// How long a hold lasts.
    pub hold_ttl_millis: u64,
    /// How often one hold may be extended.
    pub extensions_max: u16,
    /// Seats that one buyer may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buyer_seats_max: Option<u32>,
    /// From when on seats may be held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sale_opens_at_millis: Option<u64>,
    /// From when on no more seats may be held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sale_closes_at_millis: Option<u64>,
}

/// All facts of a journal, in the order in which they became durable. Ends with an error where
/// the journal is damaged, and quietly in front of an unsynced tail.
#[derive(Debug)]
pub struct Dump {
    reader: JournalReader,
    records: VecDeque<FactRecord>,
    is_over: bool,
}

/// Begins to read the journal of a data directory; changes nothing and needs no lock.
pub fn dump(data_dir: impl AsRef<Path>) -> Result<Dump, Error> {
    let reader = JournalReader::open(data_dir)?;
    Ok(Dump { reader, records: VecDeque::new(), is_over: false })
}

impl Dump {
    /// The first batch of the history: 1, unless what was in front of it has been pruned.
    pub fn begins_with(&self) -> u64 {
        self.reader.begins_with()
    }
}

impl Iterator for Dump {
    type Item = Result<FactRecord, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.records.is_empty() && !self.is_over {
            match self.reader.next_batch() {
                Ok(Some(stored)) => self.records = records_of(&stored),
                Ok(None) => self.is_over = true,
                Err(error) => {
                    self.is_over = true;
                    return Some(Err(error));
                }
            }
        }
        self.records.pop_front().map(Ok)
    }
}

fn records_of(stored: &StoredBatch) -> VecDeque<FactRecord> {
    stored.batch.facts().iter().map(|fact| record_of(stored, fact)).collect()
}

fn record_of(stored: &StoredBatch, fact: &Fact) -> FactRecord {
    let spots = fact.change.spots_moved().map(|(spots, _, _)| spots);
    let mut record = FactRecord {
        lsn: fact.lsn.0,
        shard: stored.batch.shard().0,
        epoch: stored.batch.epoch().0,
        batch: stored.number,
        at_millis: fact.at.0,
        event_id: fact.event_id.0,
        change: Cow::Borrowed(fact.change.name()),
        request_id: fact.request.map(|request| request.id.to_string()),
        hold_id: None,
        allocation_id: None,
        buyer_id: None,
        seats: spots.map(|spots| spots.seat_indexes().map(|seat| seat.0).collect()),
        seat_types: spots.and_then(seat_types),
        areas: spots.and_then(areas),
        deadline_millis: None,
        chart: None,
        name: None,
        rules: None,
        ticket_types: None,
    };
    match &fact.change {
        Change::EventCreated { name, chart, rules, ticket_types } => {
            record.name = Some(name.to_string());
            record.chart = Some(chart.to_string());
            record.rules = Some(RulesRecord::of(rules));
            let records = ticket_types.iter().map(TicketTypeRecord::of);
            record.ticket_types = (!ticket_types.is_empty()).then(|| records.collect());
        }
        Change::HoldPlaced { hold_id, buyer_id, deadline, .. } => {
            record.hold_id = Some(hold_id.to_string());
            record.buyer_id = Some(buyer_id.to_string());
            record.deadline_millis = Some(deadline.0);
        }
        Change::HoldExtended { hold_id, deadline } => {
            record.hold_id = Some(hold_id.to_string());
            record.deadline_millis = Some(deadline.0);
        }
        Change::HoldReleased { hold_id, .. } | Change::HoldExpired { hold_id, .. } => {
            record.hold_id = Some(hold_id.to_string());
        }
        Change::HoldAllocated { hold_id, allocation_id, buyer_id, .. } => {
            record.hold_id = Some(hold_id.to_string());
            record.allocation_id = Some(allocation_id.to_string());
            record.buyer_id = Some(buyer_id.to_string());
        }
        Change::SpotsReturned { allocation_id, .. } => {
            record.allocation_id = Some(allocation_id.to_string());
        }
        Change::EventClosed | Change::SpotsBlocked { .. } | Change::SpotsUnblocked { .. } => {}
    }
    record
}

fn seat_types(spots: &Spots) -> Option<Vec<Option<u16>>> {
    let types = || spots.seats.iter().map(|spot| spot.ticket_type.map(|index| index.0));
    types().any(|ticket_type| ticket_type.is_some()).then(|| types().collect())
}

fn areas(spots: &Spots) -> Option<Vec<AreaRecord>> {
    let record = |places: &AreaPlaces| AreaRecord {
        area: places.area.0,
        count: places.count,
        ticket_type: places.ticket_type.map(|index| index.0),
    };
    (!spots.areas.is_empty()).then(|| spots.areas.iter().map(record).collect())
}

impl TicketTypeRecord {
    fn of(ticket_type: &TicketType) -> Self {
        Self {
            key: ticket_type.key.to_string(),
            quota: ticket_type.quota,
            sale_opens_at_millis: ticket_type.sale_opens_at.map(|at| at.0),
            sale_closes_at_millis: ticket_type.sale_closes_at.map(|at| at.0),
            categories: ticket_type.categories.iter().map(|category| category.0).collect(),
        }
    }
}

impl RulesRecord {
    fn of(rules: &EventRules) -> Self {
        Self {
            hold_ttl_millis: rules.hold_ttl_millis,
            extensions_max: rules.extensions_max,
            buyer_seats_max: rules.buyer_seats_max,
            sale_opens_at_millis: rules.sale_opens_at.map(|at| at.0),
            sale_closes_at_millis: rules.sale_closes_at.map(|at| at.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use inventory_core::digest::Digest;
    use inventory_core::fact::RequestMark;
    use inventory_core::ids::{Epoch, EventId, Lsn, RequestId, ShardId};
    use inventory_core::time::Timestamp;

    use super::*;
    use crate::dir::DataDir;
    use crate::file::Options;
    use crate::file::recovery::Recovery;
    use crate::journal::{Append, Journal};
    use crate::testing::all_changes;
    use crate::{batch::Batch, file::FileJournal};

    const HOLD: &str = r#""hold_id":"00c80000000000051122334455667788""#;
    const TYPED: &str = concat!(
        r#""seats":[7,8],"seat_types":[1,null],"#,
        r#""areas":[{"area":0,"count":3,"ticket_type":1},{"area":65,"count":70000}]"#
    );
    const ALLOCATION: &str = r#""allocation_id":"00c80000000000061122334455667788""#;

    fn journal(path: &Path) -> FileJournal {
        let dir = DataDir::open(path).unwrap();
        Recovery::open(dir, Options { segment_bytes: 8_192 }).unwrap().finish().unwrap().0
    }

    /// A directory whose journal has one fact of every kind.
    fn directory() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let id = RequestId::new(0x0190_0000_0000_7000_8000_0000_0000_002a).unwrap();
        let facts = (1..).zip(all_changes()).map(|(lsn, change)| Fact {
            lsn: Lsn(lsn),
            at: Timestamp(1_700_000_000_000 + lsn),
            event_id: EventId(7),
            request: (lsn == 2).then_some(RequestMark { id, fingerprint: 1 }),
            change,
        });
        let facts = facts.map(std::sync::Arc::new).collect();
        let batch = Batch::new(ShardId(200), Epoch(1), 1, facts, Digest(9)).unwrap();
        assert!(matches!(journal(dir.path()).append(&[batch]), Append::Durable));
        dir
    }

    #[test]
    fn every_change_has_its_line() {
        let dir = directory();
        let records: Vec<FactRecord> =
            dump(dir.path()).unwrap().collect::<Result<_, Error>>().unwrap();
        let lines: Vec<String> =
            records.iter().map(|record| serde_json::to_string(record).unwrap()).collect();
        let line = |lsn: u64, change: &str, rest: &str| {
            format!(
                "{{\"lsn\":{lsn},\"shard\":200,\"epoch\":1,\"batch\":1,\
                 \"at_millis\":{},\"event_id\":7,\"change\":\"{change}\",{rest}}}",
                1_700_000_000_000 + lsn
            )
        };
        let (seats, deadline) = (r#""seats":[1,258]"#, r#""deadline_millis":1700000900000"#);
        let (buyer, chart) = (r#""buyer_id":"ann""#, "ab".repeat(32));
        let request = r#""request_id":"0190000000007000800000000000002a""#;
        let event =
            format!(r#""chart":"{chart}","name":"Gala","rules":{{"hold_ttl_millis":900000,"#)
                + r#""extensions_max":3,"buyer_seats_max":8,"#
                + r#""sale_opens_at_millis":1699999999999},"ticket_types":["#
                + r#"{"key":"adult","quota":40,"sale_closes_at_millis":1700000900000,"#
                + r#""categories":[0,3]},{"key":"child","categories":[]}]"#;
        let expected = [
            line(1, "event_created", &event),
            line(2, "hold_placed", &[request, HOLD, buyer, seats, deadline].join(",")),
            line(3, "hold_extended", &[HOLD, deadline].join(",")),
            line(4, "hold_released", &[HOLD, seats].join(",")),
            line(5, "hold_allocated", &[HOLD, ALLOCATION, buyer, seats].join(",")),
            line(6, "hold_expired", &[HOLD, seats].join(",")),
            line(7, "spots_returned", &[ALLOCATION, seats].join(",")),
            line(8, "spots_blocked", seats),
            line(9, "spots_unblocked", seats),
            line(10, "event_closed", "").replace(",}", "}"),
            line(11, "hold_placed", &[HOLD, buyer, TYPED, deadline].join(",")),
        ];
        assert_eq!(lines, expected);
        let read_back: FactRecord = serde_json::from_str(&lines[1]).unwrap();
        assert_eq!(read_back, records[1]);
    }

    #[test]
    fn a_directory_that_is_none_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(dump(dir.path()), Err(Error::NotADataDir { .. })));
    }
}
