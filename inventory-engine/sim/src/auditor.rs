//! Knows better: every answer is predicted by a model that shares nothing with the engine, every
//! fact is audited when it is decided, and after each start all that is there is held against
//! what was decided and promised.
//!
//! Must always hold: what the auditor believes rests on what went into the engine and on what left
//! it, never on what the engine says of itself.

mod ledger;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use inventory_core::command::Command;
use inventory_core::fact::Fact;
use inventory_core::ids::{BuyerId, EventId, HoldId, Lsn, ShardId};
use inventory_core::rejection::Rejection;
use inventory_core::spots::Spots;
use inventory_core::state::ShardState;
use inventory_core::time::Timestamp;
use inventory_engine::answer::{Answer, HoldReport};
use inventory_model::{Model, Prediction};
use persistence::batch::Batch;

use self::ledger::Ledger;
use crate::buyers::Wanted;
use crate::node::{Out, Parcel, Setting, Turn};
use crate::venue::Venue;

pub(crate) use self::ledger::Gallery;

/// What everybody who waits has to be told, and all shards as they have to be.
pub(crate) struct Auditor {
    venue: Venue,
    setting: Setting,
    ledgers: BTreeMap<ShardId, Ledger>,
    expected: BTreeMap<Parcel, Expected>,
}

/// An answer that was decided and has to come, if the engine lives long enough.
struct Expected {
    shard: ShardId,
    /// The state that it tells of.
    rests_on: Lsn,
    what: What,
}

enum What {
    Done { fact: Arc<Fact>, is_repeat: bool },
    Refused(Rejection),
    Hold(Option<SeenHold>),
    Verified(EventId, bool),
}

/// A hold as its buyer has to be told of it.
#[derive(Debug, Eq, PartialEq)]
struct SeenHold {
    is_over: bool,
    spots: Spots,
    until: Timestamp,
}

impl Auditor {
    pub(crate) fn new(venue: Venue, setting: Setting) -> Self {
        Self { venue, setting, ledgers: BTreeMap::new(), expected: BTreeMap::new() }
    }

    /// The writer has taken a turn. `wanted` says what is in each parcel.
    pub(crate) fn turn<'a>(
        &mut self,
        turn: &Turn,
        wanted: impl Fn(Parcel) -> &'a Wanted,
    ) -> Result<(), String> {
        let mut decided = Decided::of(&turn.batches);
        let refused_for_space = turn.out.iter().filter_map(|out| match out {
            Out::Failed(parcel, _) => Some(*parcel),
            _ => None,
        });
        let no_space: BTreeSet<Parcel> = refused_for_space.collect();
        if !no_space.is_empty() && !turn.may_be_short {
            return Err("something was refused for want of space that there is".to_owned());
        }
        for ledger in self.ledgers.values_mut() {
            ledger.expire(turn.now, self.setting.expiries_max, &mut decided)?;
        }
        for &parcel in &turn.parcels {
            let wanted = wanted(parcel);
            let what = match wanted {
                Wanted::Command(command) => {
                    let has_no_space = no_space.contains(&parcel);
                    match self.command(turn.now, command, has_no_space, &mut decided)? {
                        Some(what) => what,
                        None => continue,
                    }
                }
                Wanted::Hold { hold_id, .. } => What::Hold(self.see_hold(*hold_id, wanted)),
                Wanted::Verification(event_id) => {
                    let model = &self.ledger(event_id.shard()).decided;
                    What::Verified(*event_id, model.events().any(|event| event == *event_id))
                }
            };
            let shard = wanted.shard();
            let rests_on = self.ledger(shard).decided.last_lsn();
            self.expected.insert(parcel, Expected { shard, rests_on, what });
        }
        decided.expect_none()
    }

    /// A command was handled: whatever was decided of it is right. Says what has to be answered,
    /// unless it was refused at once.
    fn command(
        &mut self,
        now: Timestamp,
        command: &Command,
        has_no_space: bool,
        decided: &mut Decided,
    ) -> Result<Option<What>, String> {
        let shard = command.shard();
        let ledger = self.ledger(shard);
        let predicted = ledger.decided.predict(now, command);
        if has_no_space {
            return match predicted {
                Ok(Prediction::Fact(fact)) if ledger.is_ending(&fact) => {
                    Err(format!("{fact:?} was refused, for which room is kept"))
                }
                Ok(Prediction::Fact(_) | Prediction::Choice(_)) => Ok(None),
                other => Err(format!("{command:?} needs no space: {other:?}")),
            };
        }
        let found = match &predicted {
            Ok(Prediction::Fact(_) | Prediction::Choice(_)) => decided.next(shard),
            Ok(Prediction::Repeat(_)) | Err(_) => None,
        };
        let what = match (predicted, found) {
            (Ok(Prediction::Repeat(fact)), _) => What::Done { fact, is_repeat: true },
            (Err(rejection), _) => What::Refused(rejection),
            (Ok(predicted), Some(fact)) => {
                match &predicted {
                    Prediction::Choice(choice) => choice.check(&ledger.decided, &fact)?,
                    Prediction::Fact(right) if *right != *fact => {
                        return Err(format!("{command:?} became {fact:?}, not {right:?}"));
                    }
                    _ => {}
                }
                ledger.decide(&fact)?;
                What::Done { fact, is_repeat: false }
            }
            (Ok(predicted), None) => {
                return Err(format!("{command:?} became nothing, not {predicted:?}"));
            }
        };
        Ok(Some(what))
    }

    /// Facts are about to be written.
    pub(crate) fn hand_over(&mut self, group: impl Iterator<Item = (ShardId, Lsn)>) {
        group.for_each(|(shard, lsn)| self.ledger(shard).handed = lsn);
    }

    /// All that was handed over is durable. What everybody may see from now on is in `gallery`.
    pub(crate) fn durable(&mut self, gallery: &mut Gallery) -> Result<(), String> {
        self.ledgers.values_mut().try_for_each(|ledger| ledger.durable(ledger.handed, gallery))
    }

    /// A fact is shown to everybody.
    pub(crate) fn shown(&mut self, fact: &Fact) -> Result<(), String> {
        self.ledger(fact.event_id.shard()).show(fact)
    }

    /// Somebody is answered.
    pub(crate) fn answered(&mut self, parcel: Parcel, answer: &Answer) -> Result<(), String> {
        let expected = self.expected.remove(&parcel);
        let Expected { shard, rests_on, what } = expected
            .ok_or_else(|| format!("parcel {parcel} is answered, and nothing was asked"))?;
        let ledger = self.ledger(shard);
        if rests_on > ledger.durable_lsn() {
            let durable = ledger.durable_lsn();
            return Err(format!("{answer:?} tells of {rests_on}, and {durable} is durable"));
        }
        if rests_on > ledger.shown {
            return Err(format!("{answer:?} left before what it tells of was shown"));
        }
        match (what, answer) {
            (What::Done { fact, is_repeat }, Answer::Accepted(accepted))
                if *accepted.fact == *fact && accepted.is_repeat == is_repeat =>
            {
                Ok(())
            }
            (What::Done { fact, .. }, _) => Err(format!("{answer:?}, and {fact:?} was done")),
            (What::Refused(rejection), Answer::Refused(refusal))
                if refusal.rejection == rejection =>
            {
                Ok(())
            }
            (What::Refused(rejection), _) => Err(format!("{answer:?}, not {rejection:?}")),
            (What::Hold(seen), Answer::Hold(report)) => {
                let report = report.as_deref().map(SeenHold::of);
                if report == seen {
                    Ok(())
                } else {
                    Err(format!("{report:?} is told, not {seen:?}"))
                }
            }
            (What::Verified(event_id, is_there), Answer::Verified(verification)) => {
                match verification {
                    Some(found) if is_there && found.violations.is_empty() => Ok(()),
                    None if !is_there => Ok(()),
                    other => Err(format!("event {event_id} verified: {other:?}")),
                }
            }
            (What::Hold(_) | What::Verified(..), _) => Err(format!("{answer:?} answers no look")),
        }
    }

    /// An engine has started: all that was promised is there, and nothing that was not decided.
    /// Says how many facts there are.
    pub(crate) fn started(
        &mut self,
        shards: &[(ShardState, u64)],
        gallery: &mut Gallery,
    ) -> Result<u64, String> {
        self.expected.clear();
        let mut facts = 0;
        for (state, _) in shards {
            if let Some(ledger) = self.ledgers.get_mut(&state.shard()) {
                ledger.restart(state, gallery)?;
            } else if state.last_lsn() > Lsn(0) {
                return Err(format!("shard {} has facts of nobody", state.shard()));
            }
            facts += state.last_lsn().0;
            for event in state.events() {
                let verified = state.verify_event(event.id).ok_or("an event is not there")?;
                if let Some(violation) = verified.violations.first() {
                    return Err(format!("event {} after a start: {violation}", event.id));
                }
            }
        }
        Ok(facts)
    }

    /// A batch that is in the journal.
    pub(crate) fn journaled(&self, batch: &Batch) -> Result<(), String> {
        let ledger = self.ledgers.get(&batch.shard());
        let ledger = ledger.ok_or_else(|| format!("{batch:?} is of a shard of nobody"))?;
        batch.facts().iter().try_for_each(|fact| ledger.journaled(fact))
    }

    /// When the next hold of any shard runs out.
    pub(crate) fn earliest_deadline(&self) -> Option<Timestamp> {
        self.ledgers.values().filter_map(|ledger| ledger.decided.earliest_deadline()).min()
    }

    /// When the last fact that lasts was decided.
    pub(crate) fn last_at(&self) -> Timestamp {
        self.ledgers.values().map(|ledger| ledger.decided.last_at()).max().unwrap_or_default()
    }

    /// Whether nothing was decided yet.
    pub(crate) fn is_new(&self) -> bool {
        self.ledgers.is_empty()
    }

    /// What is on sale.
    pub(crate) fn venue(&self) -> &Venue {
        &self.venue
    }

    /// Whether nobody has to be told anything.
    pub(crate) fn is_content(&self) -> bool {
        self.expected.is_empty()
    }

    /// A shard as everybody may see it, and up to where.
    pub(crate) fn shown_of(&self, shard: ShardId) -> Lsn {
        self.ledgers.get(&shard).map_or(Lsn(0), |ledger| ledger.shown)
    }

    fn see_hold(&mut self, hold_id: HoldId, wanted: &Wanted) -> Option<SeenHold> {
        let Wanted::Hold { buyer_id, .. } = wanted else { return None };
        SeenHold::in_model(&self.ledger(hold_id.shard()).decided, hold_id, buyer_id.as_ref())
    }

    fn ledger(&mut self, shard: ShardId) -> &mut Ledger {
        let new = || Ledger::new(shard, self.setting.memory, &self.venue);
        self.ledgers.entry(shard).or_insert_with(new)
    }
}

impl SeenHold {
    fn in_model(model: &Model, hold_id: HoldId, buyer_id: Option<&BuyerId>) -> Option<Self> {
        let is_theirs = |owner| buyer_id.is_none_or(|buyer_id| buyer_id == owner);
        if let Some(hold) = model.live_hold(hold_id) {
            let (spots, until) = (hold.spots.clone(), hold.deadline);
            return is_theirs(&hold.buyer_id).then_some(Self { is_over: false, spots, until });
        }
        let ended = model.ended_holds().iter().find(|hold| hold.id == hold_id);
        let ended = ended.filter(|hold| is_theirs(&hold.buyer_id))?;
        Some(Self { is_over: true, spots: Spots::default(), until: ended.at })
    }

    fn of(report: &HoldReport) -> Self {
        let HoldReport { ending, spots, deadline, .. } = report;
        Self { is_over: ending.is_some(), spots: spots.clone(), until: *deadline }
    }
}

/// The facts of a turn that were not looked at yet, by shard.
struct Decided(BTreeMap<ShardId, std::vec::IntoIter<Arc<Fact>>>);

impl Decided {
    fn of(batches: &[Batch]) -> Self {
        let facts = |batch: &Batch| (batch.shard(), batch.facts().to_vec().into_iter());
        Self(batches.iter().map(facts).collect())
    }

    fn next(&mut self, shard: ShardId) -> Option<Arc<Fact>> {
        self.0.get_mut(&shard)?.next()
    }

    fn expect_none(mut self) -> Result<(), String> {
        match self.0.values_mut().find_map(Iterator::next) {
            Some(fact) => Err(format!("{fact:?} was decided, and nobody asked for it")),
            None => Ok(()),
        }
    }
}
