//! Unary calls: so many at a time on each connection, each a buyer who holds two seats and then
//! takes or leaves them.

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
use crate::workload::{Fate, Pick};

/// Runs one connection's part of a round.
///
/// # Errors
/// If anything but an answer or a refused place comes.
pub async fn run(channel: Channel, round: Round, client: usize) -> anyhow::Result<Measured> {
    // One for all callers of the connection: a histogram each would not fit into any cache.
    let meter = Arc::new(Mutex::new(Meter::new(round.window)));
    let callers = (0..round.depth).map(|number| {
        let caller = Caller {
            inventory: InventoryClient::new(channel.clone()),
            asks: Asks::new(round.random(client * round.depth + number)),
            meter: Arc::clone(&meter),
            round: round.clone(),
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
}

impl Caller {
    async fn run(mut self) -> anyhow::Result<()> {
        let mut now = Instant::now();
        while !self.round.window.is_over(now) {
            let pick = self.round.sale.next_place(self.asks.random()).context(super::SOLD_OUT)?;
            let buyer = self.asks.buyer();
            let request = self.asks.place(now, &pick, buyer);
            let answer = self.inventory.place(request).await;
            let asked = std::mem::replace(&mut now, Instant::now());
            match answer {
                Ok(placed) => {
                    self.meter(|meter| meter.confirmed(asked, now));
                    let hold_id = placed.into_inner().hold_id;
                    now = self.end(&pick, hold_id, buyer, now).await?;
                }
                Err(status) if is_refusal(&status) => self.meter(|meter| meter.refused(now)),
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

/// Whether somebody else has the seats. The reason is a text among the status's details.
fn is_refusal(status: &Status) -> bool {
    let reason = super::REFUSAL.as_bytes();
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
        assert!(is_refusal(&status(Code::FailedPrecondition, b"\x0a\x11seats_unavailable")));
        assert!(!is_refusal(&status(Code::FailedPrecondition, b"\x0a\x0frequest_too_old")));
        assert!(!is_refusal(&status(Code::Unavailable, b"seats_unavailable")));
    }
}
