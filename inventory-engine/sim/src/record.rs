//! What everybody outside was told, held against what is there: after each start, and of each
//! answer when it comes.

use std::collections::BTreeMap;
use std::sync::Arc;

use inventory_core::command::{Command, Verb};
use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{BuyerId, Lsn, RequestId, ShardId};
use inventory_core::state::{Decision, ShardState};
use inventory_core::time::Timestamp;
use persistence::dir::DataDirPaths;
use persistence::disk::simulated::{PowerCut, SimulatedDisk};
use persistence::file::reader::JournalReader;
use persistence::machine::{Machine, SimulatedClock};

use crate::history::History;
use crate::node::DATA_DIR;

#[derive(Default)]
pub(crate) struct Record {
    /// What was acknowledged, by its place.
    acknowledged: BTreeMap<(ShardId, Lsn), Arc<Fact>>,
    by_request: BTreeMap<RequestId, Command>,
    /// Whose holds and allocations are, as far as anybody was told.
    owners: BTreeMap<u128, BuyerId>,
    /// Up to where the journal said that it is durable, or a start found it.
    durable: BTreeMap<ShardId, Lsn>,
    /// Up to where facts were shown, in this life or before it.
    shown: BTreeMap<ShardId, Lsn>,
}

impl Record {
    /// The journal says that a shard is durable up to here.
    pub(crate) fn durable(&mut self, shard: ShardId, lsn: Lsn) {
        self.durable.insert(shard, lsn);
    }

    /// A fact is shown to everybody.
    pub(crate) fn shown(&mut self, shard: ShardId, lsn: Lsn) -> Result<(), String> {
        let durable = self.durable.get(&shard).copied().unwrap_or_default();
        if lsn > durable {
            return Err(format!("fact {lsn} of shard {shard} was shown at {durable}"));
        }
        match self.shown.insert(shard, lsn) {
            Some(before) if before.next() != lsn => {
                Err(format!("fact {lsn} of shard {shard} was shown behind {before}"))
            }
            _ => Ok(()),
        }
    }

    /// A command is said to be done.
    pub(crate) fn accepted(
        &mut self,
        command: &Command,
        fact: &Arc<Fact>,
        is_repeat: bool,
    ) -> Result<(), String> {
        let (shard, lsn) = (fact.event_id.shard(), fact.lsn);
        let durable = self.durable.get(&shard).copied().unwrap_or_default();
        if lsn > durable {
            return Err(format!("fact {lsn} of shard {shard} was acknowledged at {durable}"));
        }
        let is_shown = self.shown.get(&shard).is_some_and(|shown| *shown >= lsn);
        if !is_repeat && !is_shown {
            return Err(format!(
                "fact {lsn} of shard {shard} was acknowledged before it was shown"
            ));
        }
        if fact.request.map(|request| request.id) != Some(command.request_id) {
            return Err(format!("{command:?} was answered with another request's {fact:?}"));
        }
        self.check_owner(command, fact)?;
        if let Some(before) = self.acknowledged.insert((shard, lsn), Arc::clone(fact))
            && before != *fact
        {
            return Err(format!("{before:?} became {fact:?}"));
        }
        match self.by_request.insert(command.request_id, command.clone()) {
            None => Ok(()),
            Some(_) if is_repeat => Ok(()),
            Some(before) => Err(format!("{before:?} was done twice")),
        }
    }

    /// A command is refused, which it may not be once it was said to be done.
    pub(crate) fn refused(&self, command: &Command, why: &str) -> Result<(), String> {
        if self.by_request.contains_key(&command.request_id) {
            return Err(format!("{command:?} was done, and is refused now: {why}"));
        }
        Ok(())
    }

    /// Only its buyer uses a hold or gives a sale back.
    fn check_owner(&mut self, command: &Command, fact: &Fact) -> Result<(), String> {
        match &fact.change {
            Change::HoldPlaced { hold_id, buyer_id, .. } => {
                self.owners.insert(hold_id.0, buyer_id.clone());
            }
            Change::HoldAllocated { allocation_id, buyer_id, .. } => {
                self.owners.insert(allocation_id.0, buyer_id.clone());
            }
            _ => {}
        }
        let (id, buyer_id) = match &command.verb {
            Verb::Extend(extend) => (extend.hold_id.0, &extend.buyer_id),
            Verb::Release(release) => (release.hold_id.0, &release.buyer_id),
            Verb::Allocate(allocate) => (allocate.hold_id.0, &allocate.buyer_id),
            Verb::Return(give_back) => (give_back.allocation_id.0, &give_back.buyer_id),
            _ => return Ok(()),
        };
        match self.owners.get(&id) {
            Some(owner) if owner != buyer_id => {
                Err(format!("{buyer_id} was given what is {owner}'s: {command:?}"))
            }
            _ => Ok(()),
        }
    }

    /// An engine has started: all that was acknowledged has to be there, and nothing that cannot
    /// have happened. Says how many facts there are.
    pub(crate) fn check_start(
        &mut self,
        shards: &[(ShardState, u64)],
        disk: &SimulatedDisk,
    ) -> Result<u64, String> {
        for (state, _) in shards {
            self.durable.insert(state.shard(), state.last_lsn());
            self.shown.insert(state.shard(), state.last_lsn());
            for event in state.events() {
                let verified = state.verify_event(event.id).ok_or("an event is not there")?;
                if let Some(violation) = verified.violations.first() {
                    return Err(format!("event {} after a start: {violation}", event.id));
                }
            }
        }
        for fact in self.acknowledged.values() {
            self.check_repeat(shards, fact)?;
        }
        let (facts, histories) = self.read_journal(disk)?;
        for (state, _) in shards {
            let none = History::default();
            let history = histories.get(&state.shard()).unwrap_or(&none);
            let served = (state.last_lsn(), state.live_holds().count());
            if served != (history.last_lsn(), history.live_holds()) {
                return Err(format!("shard {} is not what lasts of it", state.shard()));
            }
        }
        Ok(facts)
    }

    /// Who asks again is told the same.
    fn check_repeat(&self, shards: &[(ShardState, u64)], fact: &Arc<Fact>) -> Result<(), String> {
        let request = fact.request.ok_or("a fact of nobody's request was acknowledged")?;
        let command = self.by_request.get(&request.id).ok_or("nobody asked for this")?;
        let of_shard = |(state, _): &&(ShardState, u64)| state.shard() == fact.event_id.shard();
        let (state, _) = shards.iter().find(of_shard).ok_or("a shard is not there")?;
        match state.decide(Timestamp(0), command) {
            Ok(Decision::Repeat(again)) if again == *fact => Ok(()),
            other => Err(format!("{fact:?} was acknowledged; asked again: {other:?}")),
        }
    }

    /// Reads the journal from its first fact on, as it would be if the power went now.
    fn read_journal(
        &self,
        disk: &SimulatedDisk,
    ) -> Result<(u64, BTreeMap<ShardId, History>), String> {
        let clock = SimulatedClock::new(Timestamp(0));
        let machine = Machine::simulated(disk.after(PowerCut::HARSH), clock, 0);
        let paths = DataDirPaths::read_on(machine, DATA_DIR).map_err(|error| error.to_string())?;
        let paths = paths.ok_or("there is no data directory")?;
        let unreadable = |error| format!("the journal cannot be read: {error}");
        let mut reader = JournalReader::of(&paths).map_err(unreadable)?;
        let (mut facts, mut found) = (0, 0);
        let mut histories: BTreeMap<ShardId, History> = BTreeMap::new();
        while let Some(stored) = reader.next_batch().map_err(unreadable)? {
            let shard = stored.batch.shard();
            for fact in stored.batch.facts() {
                histories.entry(shard).or_default().read(fact)?;
                facts += 1;
                if let Some(acknowledged) = self.acknowledged.get(&(shard, fact.lsn)) {
                    found += 1;
                    if acknowledged != fact {
                        return Err(format!("{acknowledged:?} became {fact:?}"));
                    }
                }
            }
        }
        if found != self.acknowledged.len() {
            let told = self.acknowledged.len();
            return Err(format!("{found} of {told} acknowledged facts are in the journal"));
        }
        Ok((facts, histories))
    }
}
