//! A buyer who behaves: finds seats, thinks, and does with the hold what was planned.
//!
//! Every request after the first has its intended moment too: the end of a reaction or of the
//! thinking time as planned, whenever the task gets to run.

use rand::RngExt;

use super::plan::{Ending, Person, Twice, descend};
use super::{Buyer, Held};
use crate::request::{Answer, Denial, Selection, Verb};

/// Reacting to what the page says, in milliseconds.
const REACTION_MILLIS: std::ops::Range<u64> = 30..250;

/// Coming back after there was nothing left, in milliseconds.
const RETURN_MILLIS: std::ops::Range<u64> = 300..2_500;

/// Thinking takes no longer than this.
const THINKING_MICROS_MAX: f64 = 4_000_000.0;

/// How late those pay who pay late, beyond the deadline and the slack of the clocks.
const LATENESS_MILLIS: std::ops::Range<u64> = 20..400;

impl Buyer {
    /// The whole visit. Returns why it ended.
    pub(super) async fn visit(mut self, plan: &Person, intended_micros: u64) -> &'static str {
        let held = match self.find_seats(plan, intended_micros).await {
            Ok(held) => held,
            Err(cause) => return cause,
        };
        match plan.ending {
            Ending::Pay => self.pay(plan, held, None).await,
            Ending::ExtendAndPay => self.extend_and_pay(plan, held).await,
            Ending::ReleasePartAndPay if held.seats.len() > 1 => {
                let part: Box<[u32]> = held.seats[..1].into();
                let intended_micros = self.think(plan, &held).await;
                let verb = Verb::Release(held.hold_id, Some(part));
                let (_, at_micros) = self.ask(verb, intended_micros, false).await;
                self.pay(plan, Held { at_micros, ..held }, None).await
            }
            Ending::PayPartAndRelease if held.seats.len() > 1 => {
                let part = held.seats[..held.seats.len() / 2].into();
                let cause = self.pay(plan, held.clone(), Some(part)).await;
                let now_micros = self.sale.clock.now_micros();
                self.ask(Verb::Release(held.hold_id, None), now_micros, false).await;
                cause
            }
            Ending::ReleasePartAndPay | Ending::PayPartAndRelease => {
                self.pay(plan, held, None).await
            }
            Ending::Release => {
                let intended_micros = self.think(plan, &held).await;
                let verb = Verb::Release(held.hold_id, None);
                match self.ask(verb, intended_micros, false).await.0 {
                    Answer::Released { .. } => "released",
                    other => not_held(&other),
                }
            }
            Ending::LetExpire => "let_expire",
            Ending::PayLate => self.pay_late(held).await,
        }
    }

    /// Asks for seats, for ever smaller parties, until there are some or patience ends.
    async fn find_seats(
        &mut self,
        plan: &Person,
        mut intended_micros: u64,
    ) -> Result<Held, &'static str> {
        let mut party = plan.party;
        let mut patience = plan.patience;
        loop {
            let picked = if plan.picks { self.sale.map.pick(party, &mut self.rng) } else { None };
            let selection = picked.map_or(Selection::Best(party), Selection::Seats);
            let is_twice = plan.twice == Twice::Placing;
            let (answer, at_micros) =
                self.ask(Verb::Place(selection), intended_micros, is_twice).await;
            intended_micros = match answer {
                Answer::Placed { hold_id, seats, deadline_millis, .. } => {
                    return Ok(Held { hold_id, seats, deadline_millis, at_micros });
                }
                Answer::Rejected { reason, could_have } if reason == "not_enough_together" => {
                    if let Some(smaller) = descend(party, could_have) {
                        party = smaller;
                        self.after_millis(at_micros, REACTION_MILLIS)
                    } else {
                        patience -= 1;
                        self.after_millis(at_micros, RETURN_MILLIS)
                    }
                }
                Answer::Rejected { reason, .. } if reason == "seats_unavailable" => {
                    patience -= 1;
                    self.after_millis(at_micros, REACTION_MILLIS)
                }
                other => return Err(not_held(&other)),
            };
            if self.is_sold_out() {
                return Err("sold_out");
            }
            if patience == 0 || self.sale.stop.is_cancelled() {
                return Err("refused");
            }
            self.sale.clock.sleep_until(intended_micros).await;
        }
    }

    /// Thinks as long as planned. Returns when the next click is meant to come.
    async fn think(&mut self, plan: &Person, held: &Held) -> u64 {
        let left_micros = (held.deadline_millis * 1_000).saturating_sub(held.at_micros);
        let thinking_micros = (left_micros as f64 * plan.thinking).min(THINKING_MICROS_MAX);
        let intended_micros = held.at_micros + thinking_micros as u64;
        self.sale.clock.sleep_until(intended_micros).await;
        intended_micros
    }

    async fn pay(&mut self, plan: &Person, held: Held, part: Option<Box<[u32]>>) -> &'static str {
        let intended_micros = self.think(plan, &held).await;
        let is_twice = plan.twice == Twice::Paying;
        let verb = Verb::Allocate(held.hold_id, part);
        match self.ask(verb, intended_micros, is_twice).await.0 {
            Answer::Allocated { .. } => "bought",
            other => not_held(&other),
        }
    }

    async fn extend_and_pay(&mut self, plan: &Person, held: Held) -> &'static str {
        let intended_micros = self.think(plan, &held).await;
        let (answer, at_micros) =
            self.ask(Verb::Extend(held.hold_id), intended_micros, false).await;
        let deadline_millis = match answer {
            Answer::Extended { deadline_millis, .. } => deadline_millis,
            _ => held.deadline_millis,
        };
        self.pay(plan, Held { deadline_millis, at_micros, ..held }, None).await
    }

    /// Pays when it is too late by any clock; has to be refused.
    async fn pay_late(&mut self, held: Held) -> &'static str {
        let too_late_micros = held.deadline_millis * 1_000
            + self.sale.clock_slack.as_micros() as u64
            + 1_000 * self.rng.random_range(LATENESS_MILLIS);
        let stop = self.sale.stop.clone();
        let waiting = self.sale.clock.sleep_until(too_late_micros);
        if stop.run_until_cancelled(waiting).await.is_none() {
            return "let_expire";
        }
        match self.ask(Verb::Allocate(held.hold_id, None), too_late_micros, false).await.0 {
            Answer::Allocated { .. } => "paid_late_and_accepted",
            Answer::Rejected { .. } => "paid_late_and_refused",
            other => not_held(&other),
        }
    }
}

/// Why a buyer leaves who got another answer than hoped for.
pub(super) fn not_held(answer: &Answer) -> &'static str {
    match answer {
        Answer::Rejected { reason, .. } => match reason.as_ref() {
            "hold_expired" | "hold_unknown" | "hold_released" => "hold_lost",
            _ => "refused",
        },
        Answer::Denied { reason: Denial::Invalid(_), .. } => "invalid",
        Answer::Denied { .. } => "gave_up_waiting",
        // An answer to another question leaves the buyer as wise as none.
        _ => "unresolved",
    }
}
