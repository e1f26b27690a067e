//! A buyer who behaves: finds seats, thinks, and does with the hold what was planned.
//!
//! Every request after the first has its intended moment too: the end of a reaction or of the
//! thinking time as planned, whenever the task gets to run.

use rand::RngExt;

use super::plan::{Ending, Person, Twice, descend};
use super::wish::{Nothing, Wish};
use super::{BringingBack, Buyer, Held};
use crate::clock::millis;
use crate::request::{Answer, Denial, Verb};
use crate::spots::Spots;

/// Reacting to what the page says, in milliseconds.
const REACTION_MILLIS: std::ops::Range<u64> = 30..250;

/// Coming back after there was nothing left, in milliseconds.
const RETURN_MILLIS: std::ops::Range<u64> = 300..2_500;

/// Thinking takes no longer than this.
const THINKING_MICROS_MAX: f64 = 4_000_000.0;

/// How late those pay who pay late, beyond the deadline and the slack of the clocks.
const LATENESS_MILLIS: std::ops::Range<u64> = 20..400;

/// How long after the purchase something is brought back, in milliseconds.
const KEEPING_MILLIS: std::ops::Range<u64> = 200..3_000;

/// Of those who bring something back, the share who keep the rest.
const PART_BACK_SHARE: f64 = 0.3;

impl Buyer {
    /// The whole visit. Returns why it ended.
    pub(super) async fn visit(mut self, plan: &Person, intended_micros: u64) -> &'static str {
        let held = match self.find_spots(plan, intended_micros).await {
            Ok(held) => held,
            Err(cause) => return cause,
        };
        let spots = held.spots.count();
        match plan.ending {
            Ending::Pay => self.pay(plan, held).await,
            Ending::ExtendAndPay => self.extend_and_pay(plan, held).await,
            Ending::ReleasePartAndPay if spots > 1 => {
                let part = held.spots.first(1);
                let intended_micros = self.think(plan, &held).await;
                let verb = Verb::Release(held.hold_id, Some(part));
                let (_, at_micros) = self.ask(verb, intended_micros, false).await;
                self.pay(plan, Held { at_micros, ..held }).await
            }
            Ending::PayPartAndRelease if spots > 1 => {
                let part = held.spots.first(spots / 2);
                let (answer, bringing_back) = self.pay_for(plan, &held, Some(part)).await;
                if answer.is_refused_as("table_not_whole") {
                    let at_micros = self.sale.clock.now_micros();
                    return self.pay(plan, Held { at_micros, ..held }).await;
                }
                let now_micros = self.sale.clock.now_micros();
                self.ask(Verb::Release(held.hold_id, None), now_micros, false).await;
                self.leave_with(answer, bringing_back).await
            }
            Ending::ReleasePartAndPay | Ending::PayPartAndRelease => self.pay(plan, held).await,
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

    /// Asks for what the buyer is after, for ever smaller parties and other things, until there
    /// is some or patience ends.
    async fn find_spots(
        &mut self,
        plan: &Person,
        mut intended_micros: u64,
    ) -> Result<Held, &'static str> {
        let layout = self.sale.map.layout.clone();
        let mut wish = Wish::draw(&mut self.rng, &layout, plan.party, plan.picks);
        let mut patience = plan.patience;
        loop {
            let now_millis = millis(intended_micros);
            let selection = wish.selection(&self.sale.map, &mut self.rng, now_millis);
            let selection = match selection {
                Ok(selection) => selection,
                Err(_) if self.is_sold_out() => return Err("sold_out"),
                Err(Nothing::AsAnyType) => return Err("no_ticket"),
                Err(Nothing::Left) => {
                    // The page is looked at again: somebody may give something back.
                    patience -= 1;
                    if patience == 0 || self.sale.stop.is_cancelled() {
                        return Err("refused");
                    }
                    intended_micros = self.after_millis(intended_micros, RETURN_MILLIS);
                    self.sale.clock.sleep_until(intended_micros).await;
                    continue;
                }
            };
            let is_twice = plan.twice == Twice::Placing;
            let verb = Verb::Place(selection.clone());
            let (answer, at_micros) = self.ask(verb, intended_micros, is_twice).await;
            intended_micros = match answer {
                Answer::Placed { hold_id, spots, deadline_millis, .. } => {
                    return Ok(Held { hold_id, spots, deadline_millis, at_micros });
                }
                Answer::Rejected(refusal) if refusal.reason == "not_enough_together" => {
                    if let Some(smaller) = descend(wish.party, refusal.could_have) {
                        wish.party = smaller;
                        self.after_millis(at_micros, REACTION_MILLIS)
                    } else {
                        patience -= 1;
                        self.after_millis(at_micros, RETURN_MILLIS)
                    }
                }
                Answer::Rejected(refusal)
                    if refusal.reason == "seats_unavailable"
                        || wish.learn(&selection, &refusal) =>
                {
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

    async fn pay(&mut self, plan: &Person, held: Held) -> &'static str {
        let (answer, bringing_back) = self.pay_for(plan, &held, None).await;
        self.leave_with(answer, bringing_back).await
    }

    /// Pays. Who will bring it back is counted before the sale can be seen by anybody.
    async fn pay_for(
        &mut self,
        plan: &Person,
        held: &Held,
        part: Option<Spots>,
    ) -> (Answer, Option<BringingBack>) {
        let intended_micros = self.think(plan, held).await;
        let is_twice = plan.twice == Twice::Paying;
        let returns = self.sale.returns;
        let comes_back = returns > 0.0 && self.rng.random_bool(returns);
        let bringing_back = comes_back.then(|| BringingBack::new(&self.sale));
        let verb = Verb::Allocate(held.hold_id, part);
        (self.ask(verb, intended_micros, is_twice).await.0, bringing_back)
    }

    /// After the payment: most keep what they bought, some bring it back.
    async fn leave_with(
        &mut self,
        answer: Answer,
        bringing_back: Option<BringingBack>,
    ) -> &'static str {
        let Answer::Allocated { allocation_id, spots, .. } = answer else {
            return not_held(&answer);
        };
        let Some(_until_settled) = bringing_back else { return "bought" };
        let back_micros = self.after_millis(self.sale.clock.now_micros(), KEEPING_MILLIS);
        let waiting = self.sale.clock.sleep_until(back_micros);
        if self.sale.stop.run_until_cancelled(waiting).await.is_none() {
            return "bought";
        }
        let is_part = spots.count() > 1 && self.rng.random_bool(PART_BACK_SHARE);
        let part = is_part.then(|| spots.first(spots.count() / 2));
        let verb = Verb::Return(allocation_id, part);
        let mut answer = self.ask(verb, back_micros, false).await.0;
        if answer.is_refused_as("table_not_whole") {
            let now_micros = self.sale.clock.now_micros();
            answer = self.ask(Verb::Return(allocation_id, None), now_micros, false).await.0;
        }
        match answer {
            Answer::Returned { .. } => "brought_back",
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
        self.pay(plan, Held { deadline_millis, at_micros, ..held }).await
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
            Answer::Rejected(_) => "paid_late_and_refused",
            other => not_held(&other),
        }
    }
}

/// Why a buyer leaves who got another answer than hoped for.
pub(super) fn not_held(answer: &Answer) -> &'static str {
    match answer {
        Answer::Rejected(refusal) => match refusal.reason.as_ref() {
            "hold_expired" | "hold_unknown" | "hold_released" => "hold_lost",
            _ => "refused",
        },
        Answer::Denied { reason: Denial::Invalid(_), .. } => "invalid",
        Answer::Denied { .. } => "gave_up_waiting",
        // An answer to another question leaves the buyer as wise as none.
        _ => "unresolved",
    }
}
