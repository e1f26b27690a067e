//! What happens in a run, one step at a time. Behind each step of the engine the power may go.

use std::collections::BTreeMap;
use std::time::Duration;

use inventory_core::ids::EventId;
use inventory_engine::answer::{Answer, Failure};
use inventory_engine::feed::Picture;
use persistence::machine::Clock;

use super::World;
use crate::node::{Appended, Out, Parcel};

/// The power goes behind one step of the engine in so many.
const CRASH_ONCE_IN: usize = 250;
/// Steps for which a slow disk takes nothing.
const SLOW_STEPS: usize = 60;

/// What an engine does, one at a time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// Requests come in.
    Receive,
    /// The writer decides what came in.
    Turn,
    /// The journal writes some turns, and syncs.
    Append,
    /// The journal says what room it has.
    ReportRoom,
    /// The writer hears what is durable, shows it, and answers.
    HearOfDurable,
    /// Something is made ahead of use.
    WorkBeside,
    /// A snapshot is made, if one is due.
    MakeSnapshot,
    /// Segments are compressed and removed.
    Archive,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Receive,
        Self::Turn,
        Self::Append,
        Self::ReportRoom,
        Self::HearOfDurable,
        Self::WorkBeside,
        Self::MakeSnapshot,
        Self::Archive,
    ];

    /// Its name in counts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Turn => "turn",
            Self::Append => "append",
            Self::ReportRoom => "report room",
            Self::HearOfDurable => "hear of durable",
            Self::WorkBeside => "work beside",
            Self::MakeSnapshot => "make snapshot",
            Self::Archive => "archive",
        }
    }
}

impl World<'_> {
    pub(super) fn act(&mut self) -> Result<(), String> {
        let step = match self.chance.below(100) {
            0..=19 => return self.ask(),
            20..=21 => {
                self.ask_again();
                return Ok(());
            }
            22..=37 => Step::Receive,
            38..=52 => Step::Turn,
            53..=65 => Step::Append,
            66..=77 => Step::HearOfDurable,
            78..=81 => Step::WorkBeside,
            82 => Step::ReportRoom,
            83..=85 => Step::MakeSnapshot,
            86..=87 => Step::Archive,
            88..=92 => return self.look_on(),
            93..=95 if self.calm.is_none() => return self.make_trouble(),
            _ => {
                self.pass_time();
                return Ok(());
            }
        };
        self.take(step)?;
        if self.troubles.has_lost_power() {
            self.say(format!("the power went in the middle of {step:?}"));
            return self.crash();
        }
        if self.calm.is_none() && self.chance.once_in(CRASH_ONCE_IN) {
            self.say(format!("a power cut behind {step:?}"));
            self.tally.fault("power cut between two steps");
            self.tally.crashed(step);
            self.crash()?;
        }
        Ok(())
    }

    fn take(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Receive => self.receive(),
            Step::Turn => self.turn()?,
            Step::Append if self.step < self.slow_until => {}
            Step::Append => self.append()?,
            Step::ReportRoom => self.node()?.report_room(0),
            Step::HearOfDurable => self.hear_of_durable()?,
            Step::WorkBeside => {
                let has_worked = self.machine.steps().is_some_and(|steps| steps.step());
                self.tally.worked("steps beside", u64::from(has_worked));
            }
            Step::MakeSnapshot => match self.node()?.make_snapshot() {
                Ok(was_due) => self.tally.worked("snapshots", u64::from(was_due)),
                Err(why) => {
                    self.say(format!("no snapshot: {why}"));
                    self.tally.worked("snapshots that failed", 1);
                    if !self.troubles.are_an_excuse() {
                        return Err(format!("no snapshot, and nothing was done to it: {why}"));
                    }
                }
            },
            Step::Archive => match self.node()?.archive() {
                Ok((compressed, removed)) => {
                    self.tally.worked("segments compressed", compressed);
                    self.tally.worked("segments removed", removed);
                }
                Err(why) => {
                    self.say(format!("nothing put away: {why}"));
                    if !self.troubles.are_an_excuse() {
                        return Err(format!("nothing put away, and nothing was done to it: {why}"));
                    }
                    self.tally.worked("looks at segments that failed", 1);
                }
            },
        }
        Ok(())
    }

    fn ask(&mut self) -> Result<(), String> {
        let now = self.node()?.now();
        self.asked += 1;
        let ticket = self.buyers.next(now);
        self.say(format!("{ticket} asks {:?}", self.buyers.wanted(ticket)));
        self.network.send(ticket, &mut self.tally);
        Ok(())
    }

    pub(super) fn ask_again(&mut self) {
        if let Some(ticket) = self.buyers.again() {
            self.tally.fault("request sent again");
            self.say(format!("{ticket} asks again"));
            self.network.send(ticket, &mut self.tally);
        }
    }

    /// Some requests come in.
    pub(super) fn receive(&mut self) {
        for _ in 0..=self.chance.below(4) {
            let Some(ticket) = self.network.arrive(&mut self.tally) else { return };
            let parcel = self.parcels.len() as u64;
            self.parcels.push(ticket);
            let ask = self.buyers.ask(ticket);
            if let Some(node) = &mut self.node {
                node.put(ask, parcel);
            }
        }
    }

    /// The writer is woken if there is something to do, and by nothing else.
    pub(super) fn turn(&mut self) -> Result<(), String> {
        let asks_max = 1 + self.chance.below(12);
        let (anchor, started) = self.anchor;
        let passed = (self.clock.since_boot() - started).as_millis() as u64;
        let node = self.node()?;
        if !node.is_awake() {
            return Ok(());
        }
        let turn = node.turn(asks_max);
        let deadline = node.earliest_deadline();
        if turn.now != anchor.plus_millis(passed) {
            return Err(format!("it is {} after {passed} ms since {anchor}", turn.now));
        }
        self.say(format!("a turn at {}, {} ran out", turn.now, turn.expired));
        self.tally.worked("holds expired", turn.expired as u64);
        let (parcels, buyers) = (&self.parcels, &self.buyers);
        self.auditor.turn(&turn, |parcel| buyers.wanted(parcels[parcel as usize]))?;
        if deadline != self.auditor.earliest_deadline() {
            let right = self.auditor.earliest_deadline();
            return Err(format!("the writer would sleep until {deadline:?}, not {right:?}"));
        }
        self.deliver(turn.out)
    }

    /// Some turns are written, with one sync.
    pub(super) fn append(&mut self) -> Result<(), String> {
        let turns_max = 1 + self.chance.below(3);
        let node = self.node.as_mut().ok_or("no engine runs")?;
        self.auditor.hand_over(node.next_group(turns_max));
        match node.append(turns_max) {
            Appended::Nothing => Ok(()),
            Appended::Durable => {
                self.tally.worked("appends", 1);
                self.auditor.durable(&mut self.gallery)
            }
            Appended::Failed(cause) => {
                self.say(format!("the journal failed: {cause}"));
                self.tally.worked("journals that failed", 1);
                if !self.troubles.has_struck() {
                    return Err(format!("the journal failed, and nothing was done to it: {cause}"));
                }
                self.crash()
            }
        }
    }

    pub(super) fn hear_of_durable(&mut self) -> Result<(), String> {
        match self.node()?.hear_of_durable() {
            Some(out) => self.deliver(out),
            None => Ok(()),
        }
    }

    fn deliver(&mut self, out: Vec<Out>) -> Result<(), String> {
        let mut shown = BTreeMap::new();
        for out in out {
            self.say(out.to_string());
            match out {
                Out::Shown(fact) => {
                    self.auditor.shown(&fact)?;
                    shown.insert(fact.event_id, fact.lsn.0);
                }
                Out::Answered(parcel, answer) => {
                    self.auditor.answered(parcel, &answer)?;
                    self.hear(parcel, &answer);
                }
                Out::Failed(_, failure) => self.tally.refused(word_of(&failure)),
            }
        }
        shown.into_iter().try_for_each(|(event_id, version)| self.check_view(event_id, version))
    }

    fn hear(&mut self, parcel: Parcel, answer: &Answer) {
        let fact = match answer {
            Answer::Accepted(accepted) => {
                self.tally.accepted(accepted.fact.change.name());
                self.tally.worked("answers given again", u64::from(accepted.is_repeat));
                Some(&*accepted.fact)
            }
            Answer::Refused(refusal) => {
                self.tally.refused(refusal.rejection.code.name());
                None
            }
            Answer::Hold(_) | Answer::Verified(_) => {
                self.tally.accepted("look");
                None
            }
        };
        if self.network.loses_answer() {
            return self.tally.fault("answer lost");
        }
        self.buyers.hear(self.ticket(parcel), fact);
    }

    /// What anybody can see of an event is what the newest fact that is shown has left of it.
    fn check_view(&mut self, event_id: EventId, version: u64) -> Result<(), String> {
        let view = self.node()?.directory.event(event_id).ok_or("an event is not shown")?;
        let seen = Picture {
            version: view.version(),
            statuses: view.statuses().collect(),
            areas: view.areas().collect(),
            ticket_types: view.ticket_type_counts().collect(),
            is_closed: view.closed_at().is_some(),
        };
        match self.gallery.at(event_id, version) {
            Some(truth) if *truth == seen => Ok(()),
            truth => Err(format!("event {event_id} is shown as {seen:?}, not {truth:?}")),
        }
    }

    fn look_on(&mut self) -> Result<(), String> {
        match self.chance.below(5) {
            0 => {
                let events = self.venue.events.len();
                let event_id = self.venue.events[self.chance.below(events)];
                let node = self.node.as_ref().ok_or("no engine runs")?;
                self.audience.come(&node.directory, event_id)
            }
            1 if self.chance.once_in(2) => {
                self.audience.be_distracted();
                Ok(())
            }
            _ => self.listen(),
        }
    }

    pub(super) fn listen(&mut self) -> Result<(), String> {
        let told = self.audience.listen(&self.auditor, &self.gallery)?;
        self.tally.worked("pictures and changes told", told);
        Ok(())
    }

    fn pass_time(&mut self) {
        let millis = match self.chance.below(8) {
            0 => self.chance.below(5_000),
            _ => self.chance.below(300),
        };
        self.clock.pass(Duration::from_millis(millis as u64));
    }

    fn make_trouble(&mut self) -> Result<(), String> {
        match self.chance.below(12) {
            0..=4 if self.troubles.is_prepared() && self.chance.once_in(2) => {}
            0..=4 => {
                self.troubles.settle(&mut self.tally);
                let prepared = self.troubles.prepare(&mut self.chance);
                self.say(prepared);
            }
            5 => {
                self.set_clock();
                self.tally.fault("clock set while running");
            }
            6..=8 if self.troubles.is_short() => self.troubles.free(),
            6 => {
                let millis = self.chance.below(900) as u64;
                self.slow_until = self.step + self.chance.below(SLOW_STEPS);
                self.troubles.let_syncs_take(Duration::from_millis(millis));
                self.tally.fault("slow disk");
                self.say(format!("syncs take {millis} ms"));
            }
            7 => self.troubles.let_syncs_take(Duration::ZERO),
            8 => {
                self.troubles.fill(&mut self.chance);
                self.tally.fault("full disk");
                self.say("the disk is full");
            }
            9 => {
                if let Some(rot) = self.troubles.rot(&mut self.chance) {
                    self.tally.fault("rotten bit");
                    self.say(rot);
                }
            }
            10 => {
                if self.buyers.vanish() {
                    self.tally.fault("client gone");
                }
            }
            _ => self.network.break_off(&mut self.tally),
        }
        Ok(())
    }
}

fn word_of(failure: &Failure) -> &'static str {
    match failure {
        Failure::Invalid(_) => "invalid",
        Failure::Overloaded { .. } => "overloaded",
        Failure::StorageShort { .. } => "storage_short",
        Failure::ProjectionBehind { .. } => "projection_behind",
        Failure::DeadlineExceeded => "deadline_exceeded",
        Failure::Unknown => "unknown",
        Failure::ShuttingDown => "shutting_down",
    }
}
