//! Unary calls: so many at a time on each connection, each a buyer who holds two seats, named by
//! the buyer or chosen by the engine, and then takes or leaves them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, bail};
use bytes::Bytes;
use futures::future::try_join_all;
use proto::inventory::v1::inventory_client::InventoryClient;
use tonic::transport::Channel;
use tonic::{Code, Status};

use super::Round;
use super::asks::Asks;
use crate::measured::{Measured, Meter};
use crate::workload::{Choice, Fate, Pick};

/// Runs one connection's part of a round.
///
/// # Errors
/// If anything but an answer or a refused place comes.
pub async fn run(
    channel: Channel,
    round: Round,
    client: usize,
    choice: Choice,
) -> anyhow::Result<Measured> {
    // One for all callers of the connection: a histogram each would not fit into any cache.
    let meter = Arc::new(Mutex::new(Meter::new(round.window)));
    let callers = (0..round.depth).map(|number| {
        let caller = Caller {
            inventory: InventoryClient::new(channel.clone()),
            asks: Asks::new(round.random(client * round.depth + number)),
            meter: Arc::clone(&meter),
            round: round.clone(),
            choice,
        };
        tokio::spawn(caller.run())
    });
    for ended in try_join_all(callers).await.context("a caller panicked")? {
        ended?;
    }
    let meter = meter.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(meter.finish())
}

struct Caller {
    inventory: InventoryClient<Channel>,
    asks: Asks,
    meter: Arc<Mutex<Meter>>,
    round: Round,
    choice: Choice,
}

impl Caller {
    async fn run(mut self) -> anyhow::Result<()> {
        let mut now = Instant::now();
        while !self.round.window.is_over(now) {
            let pick = self.round.sale.next_place(self.asks.random()).context(super::SOLD_OUT)?;
            let buyer = self.asks.buyer();
            let request = self.asks.place(now, &pick, buyer, self.choice);
            let answer = self.inventory.place(request).await;
            let asked = std::mem::replace(&mut now, Instant::now());
            match answer {
                Ok(placed) => {
                    self.meter(|meter| meter.confirmed(asked, now));
                    let hold_id = placed.into_inner().hold_id;
                    now = self.end(&pick, hold_id, buyer, now).await?;
                }
                Err(status) if is_refusal(self.choice, &status) => {
                    self.meter(|meter| meter.refused(now));
                }
                Err(status) => bail!("a place failed: {status}"),
            }
        }
        Ok(())
    }

    async fn end(
        &mut self,
        pick: &Pick,
        hold_id: Bytes,
        buyer: u64,
        asked: Instant,
    ) -> anyhow::Result<Instant> {
        match self.round.sale.fate(self.asks.random()) {
            Fate::Allocate => {
                let request = self.asks.allocate(asked, hold_id, buyer);
                self.inventory.allocate(request).await.context("an allocate failed")?;
                self.round.sale.sold(pick);
            }
            Fate::Release => {
                let request = self.asks.release(asked, hold_id, buyer);
                self.inventory.release(request).await.context("a release failed")?;
                self.round.sale.released(pick);
            }
        }
        let now = Instant::now();
        self.meter(|meter| meter.confirmed(asked, now));
        Ok(now)
    }

    fn meter(&self, count: impl FnOnce(&mut Meter)) {
        count(&mut self.meter.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Whether others have the seats. The reason is a text among the status's details.
fn is_refusal(choice: Choice, status: &Status) -> bool {
    let reason = match choice {
        Choice::ById => super::REFUSAL.as_bytes(),
        Choice::BestAvailable => super::REFUSAL_OF_A_CHOICE.as_bytes(),
    };
    status.code() == Code::FailedPrecondition
        && status.details().windows(reason.len()).any(|part| part == reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_seats_that_somebody_has_are_a_refusal() {
        let status = |code, details: &'static [u8]| {
            Status::with_details(code, "no", Bytes::from_static(details))
        };
        let of_ids = |code, details| is_refusal(Choice::ById, &status(code, details));
        assert!(of_ids(Code::FailedPrecondition, b"\x0a\x11seats_unavailable"));
        assert!(!of_ids(Code::FailedPrecondition, b"\x0a\x0frequest_too_old"));
        assert!(!of_ids(Code::FailedPrecondition, b"\x0a\x13not_enough_together"));
        assert!(!of_ids(Code::Unavailable, b"seats_unavailable"));
        let of_best = |code, details| is_refusal(Choice::BestAvailable, &status(code, details));
        assert!(of_best(Code::FailedPrecondition, b"\x0a\x13not_enough_together"));
        assert!(!of_best(Code::FailedPrecondition, b"\x0a\x11seats_unavailable"));
    }
}
