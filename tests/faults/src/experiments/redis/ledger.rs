//! What everybody was told over REST: how many answers, how late the latest, what was sold, and
//! what was wrong with any of it; held in the end against the journal.
//!
//! Must always hold: an acknowledged change of which the journal has not exactly one fact, with
//! these ids and these seats, is a violation.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::checker::{Change, Fact};
use crate::client::Reply;

/// Seats of a row of the hall, in whose order the indexes are.
const ROW_SEATS: u32 = 100;

/// A change that was acknowledged, in what an answer and a fact both have.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Receipt {
    pub(super) change: Change,
    pub(super) event_id: u64,
    pub(super) hold_id: Option<String>,
    pub(super) allocation_id: Option<String>,
    /// By dense index, ascending.
    pub(super) seats: Vec<u32>,
}

/// How late it was, at its worst.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Worst {
    /// The slowest answer.
    pub(super) answer: Duration,
    /// The longest time between two sales.
    pub(super) pause: Duration,
}

/// What is known so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    pub(super) answers: u64,
    /// Sales by the edge that acknowledged them.
    pub(super) sold: [u64; 2],
    /// Without a fault, and with one.
    pub(super) worst: [Worst; 2],
    pub(super) receipts: Vec<Receipt>,
    pub(super) wrong: Vec<String>,
    is_harmed: bool,
    /// When the fault began or ended that the present part of the run is without or with.
    turned_at: Option<Instant>,
    sold_at: Option<Instant>,
}

/// Where everybody writes down what they were told.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<Account>);

impl Ledger {
    fn with<T>(&self, does: impl FnOnce(&mut Account) -> T) -> T {
        does(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A fault begins, or is over.
    pub(super) fn turn(&self, is_harmed: bool) {
        self.with(|account| {
            account.is_harmed = is_harmed;
            account.turned_at = Some(Instant::now());
        });
    }

    /// Notes something that is wrong.
    pub(super) fn wrong(&self, says: String) {
        self.with(|account| account.wrong.push(says));
    }

    /// Notes an answer, or none; one that there is and that is not the edge's failure is given on.
    pub(super) fn note(&self, what: &str, reply: Result<Reply, reqwest::Error>) -> Option<Reply> {
        let reply = match reply {
            Ok(reply) => reply,
            Err(error) => {
                self.wrong(format!("{what} was never answered: {error:?}"));
                return None;
            }
        };
        self.with(|account| {
            account.answers += 1;
            let worst = &mut account.worst[account.side(Instant::now() - reply.took)];
            worst.answer = worst.answer.max(reply.took);
        });
        if reply.status >= 500 {
            self.wrong(format!("{what} was answered {}: {}", reply.status, reply.body));
            return None;
        }
        Some(reply)
    }

    /// Notes a change that an answer acknowledges.
    pub(super) fn acknowledged(&self, change: Change, event_id: u64, body: &Value) {
        let Some(receipt) = Receipt::of(change, event_id, body) else {
            return self.wrong(format!("{change:?} was acknowledged as {body}"));
        };
        self.with(|account| account.receipts.push(receipt));
    }

    /// Notes that an edge has sold something.
    pub(super) fn sold(&self, edge: usize) {
        self.with(|account| {
            let now = Instant::now();
            account.sold[edge] += 1;
            if let Some(before) = account.sold_at.replace(now) {
                let worst = &mut account.worst[account.side(before)];
                worst.pause = worst.pause.max(now - before);
            }
        });
    }

    /// What is known so far.
    pub(super) fn sales(&self) -> [u64; 2] {
        self.with(|account| account.sold)
    }

    /// Everything, at the end.
    pub(super) fn close(&self) -> Account {
        self.with(std::mem::take)
    }
}

impl Account {
    /// Whether something that began then was with a fault: all of it, or a part.
    fn side(&self, began: Instant) -> usize {
        let has_turned = self.turned_at.is_some_and(|turned_at| began < turned_at);
        usize::from(self.is_harmed || has_turned)
    }

    /// The acknowledged changes that the journal does not have, or has otherwise.
    pub(super) fn against(&self, facts: &[Fact]) -> Vec<String> {
        let mut there: HashMap<Receipt, u64> = HashMap::new();
        for fact in facts {
            *there.entry(Receipt::of_fact(fact)).or_default() += 1;
        }
        let count = |receipt: &Receipt| there.get(receipt).copied().unwrap_or(0);
        let missing = self.receipts.iter().filter(|receipt| count(receipt) != 1);
        missing
            .map(|receipt| {
                let times = count(receipt);
                format!("what was acknowledged is {times} times in the journal: {receipt:?}")
            })
            .collect()
    }
}

impl Receipt {
    fn of(change: Change, event_id: u64, body: &Value) -> Option<Self> {
        let id = |name: &str| body[name].as_str().map(str::to_owned);
        let labels = body["seatIds"].as_array()?;
        let mut seats: Vec<u32> =
            labels.iter().map(|label| seat(label.as_str()?)).collect::<Option<_>>()?;
        seats.sort_unstable();
        // Of a sale and of what is brought back, facts and answers have different ids beside.
        let (hold_id, allocation_id) = match change {
            Change::HoldPlaced => (Some(id("holdId")?), None),
            Change::HoldAllocated => (Some(id("holdId")?), Some(id("allocationId")?)),
            _ => (None, Some(id("allocationId")?)),
        };
        Some(Self { change, event_id, hold_id, allocation_id, seats })
    }

    fn of_fact(fact: &Fact) -> Self {
        let mut seats = fact.seats.clone();
        seats.sort_unstable();
        let hold_id = match fact.change {
            Change::SpotsReturned => None,
            _ => fact.hold_id.map(|id| id.to_string()),
        };
        let allocation_id = fact.allocation_id.map(|id| id.to_string());
        Self { change: fact.change, event_id: fact.event_id, hold_id, allocation_id, seats }
    }
}

/// The label of a seat.
pub(super) fn label(seat: u32) -> String {
    format!("Hall-{}-{}", seat / ROW_SEATS + 1, seat % ROW_SEATS + 1)
}

/// The seat of a label.
fn seat(label: &str) -> Option<u32> {
    let (row, number) = label.strip_prefix("Hall-")?.split_once('-')?;
    let (row, number) = (row.parse::<u32>().ok()?, number.parse::<u32>().ok()?);
    Some(row.checked_sub(1)? * ROW_SEATS + number.checked_sub(1)?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HOLD: &str = "006d0000000000029da90425f0d0d1a5";
    const SALE: &str = "006d000000000003000000000000abcd";

    fn fact(change: &str, seats: &[u32]) -> Fact {
        let is_sale = change == "hold_allocated";
        let line = json!({
            "lsn": 3, "shard": 109, "epoch": 1, "at_millis": 5, "event_id": 11, "change": change,
            "request_id": null, "hold_id": HOLD, "allocation_id": is_sale.then_some(SALE),
            "seats": seats, "deadline_millis": null,
        });
        serde_json::from_value(line).unwrap()
    }

    #[test]
    fn labels_and_indexes_are_the_same_seats() {
        assert_eq!((label(0), label(199)), ("Hall-1-1".to_owned(), "Hall-2-100".to_owned()));
        assert!((0..2_000).all(|index| seat(&label(index)) == Some(index)));
        assert_eq!((seat("Hall-0-1"), seat("A-1"), seat("Hall-1-x")), (None, None, None));
    }

    #[test]
    fn what_was_acknowledged_has_to_be_in_the_journal_once() {
        let ledger = Ledger::default();
        let held = json!({"holdId": HOLD, "seatIds": ["Hall-1-2", "Hall-1-1"]});
        let sold = json!({"holdId": HOLD, "allocationId": SALE, "seatIds": ["Hall-1-1"]});
        ledger.acknowledged(Change::HoldPlaced, 11, &held);
        ledger.acknowledged(Change::HoldAllocated, 11, &sold);
        let account = ledger.close();
        let (placed, allocated) = (fact("hold_placed", &[0, 1]), fact("hold_allocated", &[0]));
        assert!(account.against(&[placed.clone(), allocated.clone()]).is_empty());
        assert_eq!(account.against(std::slice::from_ref(&placed)).len(), 1, "the sale is lost");
        let other = fact("hold_allocated", &[1]);
        assert_eq!(account.against(&[placed.clone(), other]).len(), 1, "another seat was sold");
        assert_eq!(account.against(&[placed.clone(), placed, allocated]).len(), 1, "held twice");
        ledger.acknowledged(Change::HoldPlaced, 11, &json!({"holdId": HOLD}));
        assert_eq!(ledger.close().wrong.len(), 1, "an answer that says no seats");
    }
}
