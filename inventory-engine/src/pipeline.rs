//! The commit pipeline: a struct without threads or I/O. It decides and applies commands in
//! batches that share one point in time, hands their facts out to be journaled, and parks every
//! answer until the LSN that it was decided on is durable.
//!
//! Must always hold: nothing undurable leaves. Refusals and repeats wait too, for they tell of a
//! state; facts are published in LSN order, each before the answers that rest on it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use inventory_core::chart::Chart;
use inventory_core::command::{Command, Verb};
use inventory_core::fact::Fact;
use inventory_core::ids::{Epoch, Lsn, ShardId};
use inventory_core::rejection::{Rejection, RejectionCode};
use inventory_core::state::{Decision, EventState, ShardState};
use inventory_core::time::Timestamp;
use persistence::batch::Batch;

use crate::ack::Durability;
use crate::answer::{Accepted, Answer, Failure, HoldReport, Refusal};
use crate::ask::{Ask, NamedPart, Query, set_part};
use crate::limits::{BATCH_EXPIRIES_MAX, PROJECTION_BEHIND_RETRY_AFTER, STORAGE_SHORT_RETRY_AFTER};
use crate::names::{EventNames, Unknown};
use crate::room::{Limit, Room, Toll};

/// What an answer rests on when it leaves the pipeline.
const JOURNAL: Durability = Durability::Journal;

/// What the pipeline does for a writer's shards. `T` names who waits for an answer.
pub struct CommitPipeline<T> {
    epoch: Epoch,
    lanes: BTreeMap<ShardId, Lane<T>>,
    /// The shards that have facts which were not handed out yet.
    fresh: BTreeSet<ShardId>,
    /// Every shard with a live hold, by the earliest deadline.
    deadlines: BTreeSet<(Timestamp, ShardId)>,
    parked: usize,
    room: Arc<Room>,
    /// Holds of a shard that run out in one turn at most.
    expiries_max: usize,
}

/// Where what leaves the pipeline goes.
pub trait Outlet<T> {
    /// A fact is durable; `event` is the event it is about, as decided up to now.
    fn publish(&mut self, event: &EventState, fact: &Fact);
    /// All that `answer` rests on is durable and published.
    fn answer(&mut self, ticket: T, answer: Answer);
    /// Nothing was done, and nothing has to be waited for to say so.
    fn fail(&mut self, ticket: T, failure: Failure);
}

/// One shard on its way through the pipeline. Watermarks, oldest first:
/// `durable_lsn` <= the last LSN handed out <= `state.last_lsn()`.
struct Lane<T> {
    state: ShardState,
    durable_lsn: Lsn,
    next_sequence: u64,
    /// Applied, not yet handed out.
    fresh: Vec<Arc<Fact>>,
    /// Handed out, not yet durable.
    in_flight: VecDeque<Arc<Fact>>,
    /// Answers by the LSN that they rest on; ascending.
    parked: VecDeque<(Lsn, T, Answer)>,
    /// Its entry among the pipeline's deadlines.
    deadline: Option<Timestamp>,
}

impl<T> CommitPipeline<T> {
    /// A pipeline for shards as recovered; all that they hold is durable. `next_sequences` are
    /// the numbers of each shard's next batch.
    pub fn new(epoch: Epoch, shards: impl IntoIterator<Item = (ShardState, u64)>) -> Self {
        let lanes = shards.into_iter().map(|(state, next_sequence)| {
            let lane = Lane {
                durable_lsn: state.last_lsn(),
                next_sequence,
                fresh: Vec::new(),
                in_flight: VecDeque::new(),
                parked: VecDeque::new(),
                deadline: None,
                state,
            };
            (lane.state.shard(), lane)
        });
        let mut pipeline = Self {
            epoch,
            lanes: lanes.collect(),
            fresh: BTreeSet::new(),
            deadlines: BTreeSet::new(),
            parked: 0,
            room: Arc::new(Room::endless()),
            expiries_max: BATCH_EXPIRIES_MAX,
        };
        for shard in pipeline.lanes.keys().copied().collect::<Vec<_>>() {
            pipeline.note_deadline(shard);
        }
        pipeline
    }

    /// The same with a journal whose room is bounded: new holds are refused where it is short.
    #[must_use]
    pub fn within(mut self, room: Arc<Room>) -> Self {
        self.lanes.values().for_each(|lane| room.owe_endings_of(&lane.state));
        self.room = room;
        self
    }

    /// The same with fewer holds of a shard that run out in one turn. So many that are due at once
    /// that some have to wait are rare, and a simulation wants to see it.
    #[must_use]
    pub fn expiring_at_most(mut self, holds: usize) -> Self {
        self.expiries_max = holds.min(BATCH_EXPIRIES_MAX);
        self
    }

    /// When the next hold of any shard runs out.
    pub fn earliest_deadline(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|&(deadline, _)| deadline)
    }

    /// How many answers wait for the disk.
    pub fn parked(&self) -> usize {
        self.parked
    }

    /// Whether facts wait to be handed out.
    pub fn has_fresh_facts(&self) -> bool {
        !self.fresh.is_empty()
    }

    /// Expires what is due, a bounded number in each shard. Returns how many holds.
    pub fn expire(&mut self, now: Timestamp) -> usize {
        let due: Vec<ShardId> =
            self.deadlines.iter().take_while(|entry| entry.0 <= now).map(|entry| entry.1).collect();
        let mut expired = 0;
        for shard in due {
            let lane = lane(&mut self.lanes, shard);
            for _ in 0..self.expiries_max {
                let Some(fact) = lane.state.decide_expiry(now) else { break };
                let is_taken = self.room.take(&Toll::of(&lane.state, &fact));
                assert!(is_taken, "room was kept for the end of each hold");
                lane.accept(fact);
                expired += 1;
            }
            self.fresh.insert(shard);
            self.note_deadline(shard);
        }
        expired
    }

    /// Decides and applies what is asked, and answers at once or parks the answer. What the
    /// rules would permit and the journal has no room for is refused at once.
    pub fn handle(&mut self, now: Timestamp, ask: Ask, ticket: T, outlet: &mut impl Outlet<T>) {
        let shard = ask.shard();
        let lane = lane(&mut self.lanes, shard);
        let decided = match ask {
            Ask::Command { mut command, unknown, part } => {
                let unknown = match part {
                    Some(part) => resolve_part(&lane.state, &mut command, &part),
                    None => unknown,
                };
                lane.decide(now, &command, unknown, &self.room)
            }
            Ask::CreateEvent { command, chart } => {
                lane.create_event(now, &command, chart, &self.room)
            }
            Ask::Query(query) => Ok(lane.look_up(query)),
        };
        let answer = match decided {
            Ok(answer) => answer,
            Err(failure) => return outlet.fail(ticket, failure),
        };
        let is_new = !lane.fresh.is_empty();
        let rests_on = lane.state.last_lsn();
        if rests_on <= lane.durable_lsn {
            outlet.answer(ticket, answer);
        } else {
            lane.parked.push_back((rests_on, ticket, answer));
            self.parked += 1;
        }
        if is_new {
            self.fresh.insert(shard);
            self.note_deadline(shard);
        }
    }

    /// Hands out all facts applied since the last time, one batch a shard, to be journaled in
    /// this order.
    pub fn seal(&mut self) -> Vec<Batch> {
        let fresh = std::mem::take(&mut self.fresh);
        let batches = fresh.into_iter().map(|shard| {
            let lane = lane(&mut self.lanes, shard);
            let facts = std::mem::take(&mut lane.fresh);
            lane.in_flight.extend(facts.iter().cloned());
            let sequence = lane.next_sequence;
            lane.next_sequence += 1;
            let digest_after = lane.state.digest();
            Batch::new(shard, self.epoch, sequence, facts, digest_after)
                .expect("a lane's fresh facts follow one another and are within the limits")
        });
        batches.collect()
    }

    /// A shard's facts up to an LSN are durable: publishes them, then lets go of the answers
    /// that waited for them.
    pub fn durable(&mut self, shard: ShardId, lsn: Lsn, outlet: &mut impl Outlet<T>) {
        let lane = lane(&mut self.lanes, shard);
        assert!(lsn > lane.durable_lsn, "the durable LSN rises");
        lane.durable_lsn = lsn;
        while lane.in_flight.front().is_some_and(|fact| fact.lsn <= lsn) {
            let Some(fact) = lane.in_flight.pop_front() else { break };
            let event = lane.state.event(fact.event_id).expect("an applied fact's event exists");
            outlet.publish(event, &fact);
        }
        while lane.parked.front().is_some_and(|parked| parked.0 <= lsn) {
            let Some((_, ticket, answer)) = lane.parked.pop_front() else { break };
            self.parked -= 1;
            outlet.answer(ticket, answer);
        }
    }

    /// Everybody who still waits, when the disk has failed and no answer can be given.
    pub fn abandon(&mut self) -> Vec<T> {
        self.parked = 0;
        let lanes = self.lanes.values_mut();
        lanes.flat_map(|lane| lane.parked.drain(..).map(|(_, ticket, _)| ticket)).collect()
    }

    fn note_deadline(&mut self, shard: ShardId) {
        let lane = lane(&mut self.lanes, shard);
        let deadline = lane.state.earliest_deadline();
        if deadline != lane.deadline {
            if let Some(before) = lane.deadline {
                self.deadlines.remove(&(before, shard));
            }
            self.deadlines.extend(deadline.map(|deadline| (deadline, shard)));
            lane.deadline = deadline;
        }
    }
}

fn lane<T>(lanes: &mut BTreeMap<ShardId, Lane<T>>, shard: ShardId) -> &mut Lane<T> {
    lanes.get_mut(&shard).expect("what is asked is routed to the writer that owns its shard")
}

impl<T> Lane<T> {
    fn accept(&mut self, fact: Fact) -> Arc<Fact> {
        let fact = Arc::new(fact);
        self.state.apply(&fact);
        self.fresh.push(Arc::clone(&fact));
        fact
    }

    fn decide(
        &mut self,
        now: Timestamp,
        command: &Command,
        unknown: Unknown,
        room: &Room,
    ) -> Result<Answer, Failure> {
        Ok(match self.state.decide(now, command) {
            Ok(Decision::New(fact)) => {
                // Only now: a repeat and a refusal need no room, and deciding changes nothing.
                if !room.take(&Toll::of(&self.state, &fact)) {
                    return Err(want_of_room(room));
                }
                let fact = self.accept(fact);
                Answer::Accepted(Accepted { fact, is_repeat: false, durability: JOURNAL })
            }
            Ok(Decision::Repeat(fact)) => {
                Answer::Accepted(Accepted { fact, is_repeat: true, durability: JOURNAL })
            }
            Err(rejection) => {
                let event = self.state.event_concerned(command);
                let names = event.map(EventNames::of);
                Answer::Refused(Box::new(Refusal { rejection, names, unknown }))
            }
        })
    }

    /// Puts an event on sale on a chart that is on disk. Another event of the shard may have made
    /// the same chart known long ago: if its file could not be read now, no new fact names it.
    fn create_event(
        &mut self,
        now: Timestamp,
        command: &Command,
        chart: Option<Arc<Chart>>,
        room: &Room,
    ) -> Result<Answer, Failure> {
        match (&command.verb, chart) {
            (Verb::CreateEvent(create), Some(chart)) => {
                self.state.register_chart(create.chart, chart);
            }
            _ if matches!(self.state.decide(now, command), Ok(Decision::New(_))) => {
                let rejection = Rejection::never(RejectionCode::ChartUnknown);
                let (names, unknown) = (None, Unknown::default());
                return Ok(Answer::Refused(Box::new(Refusal { rejection, names, unknown })));
            }
            _ => {}
        }
        self.decide(now, command, Unknown::default(), room)
    }

    fn look_up(&self, query: Query) -> Answer {
        match query {
            Query::Hold { hold_id, buyer_id } => {
                let report = HoldReport::of(&self.state, hold_id, buyer_id.as_ref());
                Answer::Hold(report.map(Box::new))
            }
            Query::Verify { event_id } => {
                Answer::Verified(self.state.verify_event(event_id).map(Box::new))
            }
        }
    }
}

/// Why a fact has no room, as its caller is told.
fn want_of_room(room: &Room) -> Failure {
    match room.limit() {
        Limit::Disk => Failure::StorageShort { retry_after: STORAGE_SHORT_RETRY_AFTER },
        Limit::Budget => Failure::ProjectionBehind { retry_after: PROJECTION_BEHIND_RETRY_AFTER },
    }
}

/// Turns the names of a part into indexes by those of the event that the command is about.
/// Returns the names that it does not have.
fn resolve_part(state: &ShardState, command: &mut Command, part: &NamedPart) -> Unknown {
    let names = state.event_concerned(command).map(EventNames::of);
    set_part(command, part, names.as_ref())
}
