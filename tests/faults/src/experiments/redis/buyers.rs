//! Buyers within their limits, at both edges in turn: each looks, holds a seat or two, buys, and
//! mostly brings back what was bought, so that there is always something to sell.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::super::stage::{EVENTS, SEATS};
use super::ledger::{Ledger, label};
use crate::checker::Change;
use crate::client::{Reply, Rest};
use crate::pause::pass;

/// How many buy at the same time.
const BUYERS: u64 = 8;
/// How long each rests behind a sale, so that a fault that lasts does not sell everything out.
const REST: Duration = Duration::from_millis(10);
/// One in so many keeps what was bought.
const KEEPS_ONCE_IN: u32 = 8;
/// One hold in so many is asked for again with the same key at the other edge.
const AGAIN_ONCE_IN: u32 = 10;
/// One in so many wants a seat that somebody may have just taken.
const LATE_ONCE_IN: u32 = 6;

/// Everybody who buys. They end with it.
#[derive(Debug)]
pub(super) struct Buyers {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    rests: [Rest; 2],
    ledger: Arc<Ledger>,
    has_to_leave: AtomicBool,
    /// The seat that is wanted next.
    next: AtomicU32,
}

/// One task, which is somebody else with each sale: nobody here is near a limit.
struct Buyer {
    number: u64,
    customers: u64,
    requests: usize,
    rng: ChaCha8Rng,
    shared: Arc<Shared>,
}

impl Buyers {
    /// Lets them in.
    pub(super) fn enter(rests: &[Rest; 2], ledger: &Arc<Ledger>, seed: u64) -> Self {
        let shared = Arc::new(Shared {
            rests: rests.clone(),
            ledger: Arc::clone(ledger),
            has_to_leave: AtomicBool::new(false),
            next: AtomicU32::new(0),
        });
        let mut tasks = JoinSet::new();
        for number in 0..BUYERS {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(number);
            let shared = Arc::clone(&shared);
            let buyer = Buyer { number, customers: 0, requests: number as usize, rng, shared };
            tasks.spawn(buyer.run());
        }
        Self { shared, tasks }
    }

    /// Waits until everybody has bought what they had begun to.
    pub(super) async fn leave(self) {
        self.shared.has_to_leave.store(true, Ordering::Relaxed);
        self.tasks.join_all().await;
    }
}

impl Buyer {
    async fn run(mut self) {
        while !self.shared.has_to_leave.load(Ordering::Relaxed) {
            // Who got no seat, or was failed, is gone; the ledger knows.
            self.buy().await;
            pass(REST).await;
        }
    }

    /// Four changes at most. `None` if it came to less than a sale.
    async fn buy(&mut self) -> Option<()> {
        self.customers += 1;
        let user = format!("buyer-{}-{}", self.number, self.customers);
        let event_id = EVENTS[self.rng.random_range(0..EVENTS.len())];
        let (ledger, rests) = (Arc::clone(&self.shared.ledger), self.shared.rests.clone());
        let looked = ledger.note("a look", rests[self.turn()].availability(event_id).await)?;
        if looked.status != 200 || looked.body["capacity"] != SEATS {
            ledger.wrong(format!("a look was answered {looked:?}"));
        }
        let wish = json!({ "eventId": event_id, "userId": user, "seatIds": self.wish() });
        let held = self.change("reserve", &user, &wish).await?;
        ledger.acknowledged(Change::HoldPlaced, event_id, &held);
        if self.rng.random_range(0..AGAIN_ONCE_IN) == 0 {
            let again = self.change("reserve", &user, &wish).await;
            if again.as_ref() != Some(&held) {
                ledger.wrong(format!("the same key was answered {held} and then {again:?}"));
            }
        }
        let wish = json!({ "holdId": held["holdId"], "userId": user });
        let sold = self.change("allocate", &user, &wish).await?;
        ledger.acknowledged(Change::HoldAllocated, event_id, &sold);
        // The edge that was asked last.
        ledger.sold((self.requests + 1) % 2);
        if self.rng.random_range(0..KEEPS_ONCE_IN) > 0 {
            let wish = json!({ "allocationId": sold["allocationId"], "userId": user });
            let returned = self.change("return", &user, &wish).await?;
            ledger.acknowledged(Change::SpotsReturned, event_id, &returned);
        }
        Some(())
    }

    /// Labels of a seat or two.
    fn wish(&mut self) -> Vec<String> {
        let count = self.rng.random_range(1..=2);
        let late = u32::from(self.rng.random_range(0..LATE_ONCE_IN) == 0) * BUYERS as u32;
        // From the far end: greedy ones are given the seats in front.
        let first = self.shared.next.fetch_add(count, Ordering::Relaxed) + SEATS / 2;
        let of = |seat: u32| label((first + seat - late) % SEATS);
        (0..count).map(of).collect()
    }

    /// Asks the edge whose turn it is. What was done; `None` if a seat was taken.
    async fn change(&mut self, verb: &str, user: &str, wish: &Value) -> Option<Value> {
        let edge = self.turn();
        let reply = self.shared.rests[edge].change(verb, user, wish).await;
        let ledger = &self.shared.ledger;
        let Reply { status, body, .. } = ledger.note(verb, reply)?;
        if status != 200 && !(verb == "reserve" && body["code"] == "seats_unavailable") {
            ledger.wrong(format!("{verb} of {user} was answered {status}: {body}"));
        }
        (status == 200).then_some(body)
    }

    fn turn(&mut self) -> usize {
        self.requests += 1;
        (self.requests + 1) % 2
    }
}
