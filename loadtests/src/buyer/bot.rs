//! One who hoards: many holds at once, each under another name, and never a payment.
//!
//! Half of the holds are given back at some time before the deadline, the others run out, so
//! that seats come free again in the middle of the crowd.

use std::sync::Arc;

use futures::future;
use rand::RngExt;

use super::plan::{Bot, descend};
use super::wish::Wish;
use super::{Buyer, Sale, rng};
use crate::clock::millis;
use crate::request::{Answer, Verb};

/// The visits of all of a bot's names, at once.
pub(super) async fn visit(
    sale: &Arc<Sale>,
    number: u64,
    stream: u64,
    plan: &Bot,
    intended_micros: u64,
) -> &'static str {
    let names = (0..plan.holds).map(|name| {
        let own_stream = (name + 1) << 48 | stream;
        let rng = rng(sale.seed, own_stream);
        let buyer = Buyer::new(sale.clone(), format!("bot-{number}-{name}"), own_stream, rng);
        buyer.hoard(intended_micros)
    });
    future::join_all(names).await;
    "hoarded"
}

impl Buyer {
    async fn hoard(mut self, intended_micros: u64) {
        let party = self.rng.random_range(4..=8);
        let mut wish = Wish::draw(&mut self.rng, &self.sale.map.layout, party, false);
        let (mut intended_micros, mut placed) = (intended_micros, None);
        while placed.is_none() {
            let selection = wish.selection(&self.sale.map, &mut self.rng, millis(intended_micros));
            let Ok(selection) = selection else { return };
            let verb = Verb::Place(selection);
            let (answer, at_micros) = self.ask(verb, intended_micros, false).await;
            match answer {
                Answer::Placed { hold_id, deadline_millis, .. } => {
                    placed = Some((hold_id, deadline_millis, at_micros));
                }
                Answer::Rejected(refusal) => match descend(wish.party, refusal.could_have) {
                    // A machine does not hesitate.
                    Some(smaller) => (wish.party, intended_micros) = (smaller, at_micros),
                    None => return,
                },
                _ => return,
            }
        }
        let Some((hold_id, deadline_millis, at_micros)) = placed else { return };
        if self.rng.random_bool(0.5) {
            let left_micros = (deadline_millis * 1_000).saturating_sub(at_micros);
            let kept = left_micros as f64 * self.rng.random_range(0.3..0.95);
            let release_micros = at_micros + kept as u64;
            let waiting = self.sale.clock.sleep_until(release_micros);
            if self.sale.stop.run_until_cancelled(waiting).await.is_some() {
                self.ask(Verb::Release(hold_id, None), release_micros, false).await;
            }
        }
    }
}
