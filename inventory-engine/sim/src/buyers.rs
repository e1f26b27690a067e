//! Who asks: buyers and an organizer who want everything that can be asked for, in any order, and
//! ask again with the same request id whenever they were told nothing.

mod wishes;

use inventory_core::command::{Command, CreateEvent, Part, Verb};
use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{AllocationId, BuyerId, EventId, HoldId, RequestId, ShardId};
use inventory_core::spots::Spots;
use inventory_core::time::Timestamp;
use inventory_engine::ask::{Ask, Query};
use persistence::disk::simulated::Chance;

use crate::venue::Venue;

/// What was asked, by its place in the list.
pub(crate) type Ticket = usize;

/// What somebody wants.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    Command(Command),
    Hold { hold_id: HoldId, buyer_id: Option<BuyerId> },
    Verification(EventId),
}

impl Wanted {
    /// Who has to answer.
    pub(crate) fn shard(&self) -> ShardId {
        match self {
            Self::Command(command) => command.shard(),
            Self::Hold { hold_id, .. } => hold_id.shard(),
            Self::Verification(event_id) => event_id.shard(),
        }
    }
}

/// What was asked, and whether it was answered.
#[derive(Clone, Debug)]
struct Request {
    wanted: Wanted,
    is_answered: bool,
}

/// A hold or a sale that somebody was told of.
#[derive(Clone, Debug)]
struct Owned<I> {
    id: I,
    event_id: EventId,
    buyer_id: BuyerId,
    spots: Spots,
}

pub(crate) struct Buyers {
    venue: Venue,
    chance: Chance,
    requests: Vec<Request>,
    holds: Vec<Owned<HoldId>>,
    allocations: Vec<Owned<AllocationId>>,
    /// What the organizer took off sale.
    blocked: Vec<(EventId, Spots)>,
    /// The events that somebody was told of, each with how many ticket types it has.
    events: Vec<(EventId, usize)>,
}

impl Buyers {
    pub(crate) fn new(venue: Venue, seed: u64) -> Self {
        let (requests, holds, allocations) = (Vec::new(), Vec::new(), Vec::new());
        let (chance, blocked, events) = (Chance::of(seed, 1), Vec::new(), Vec::new());
        Self { venue, chance, requests, holds, allocations, blocked, events }
    }

    pub(crate) fn wanted(&self, ticket: Ticket) -> &Wanted {
        &self.requests[ticket].wanted
    }

    /// Something new.
    pub(crate) fn next(&mut self, now: Timestamp) -> Ticket {
        let wanted = match self.chance.below(40) {
            0 => match self.any_hold() {
                Some(Owned { id, buyer_id, .. }) => {
                    let buyer_id = (!self.chance.once_in(4)).then_some(buyer_id);
                    Wanted::Hold { hold_id: id, buyer_id }
                }
                None => Wanted::Verification(self.event()),
            },
            1 => Wanted::Verification(self.event()),
            _ => Wanted::Command(self.command(now)),
        };
        self.requests.push(Request { wanted, is_answered: false });
        self.requests.len() - 1
    }

    /// Something that was asked before: of what was not answered the oldest, or anything.
    pub(crate) fn again(&mut self) -> Option<Ticket> {
        let unanswered = self.requests.iter().position(|request| !request.is_answered);
        let any = (!self.requests.is_empty()).then(|| self.chance.below(self.requests.len()));
        if self.chance.once_in(4) { any } else { unanswered.or(any) }
    }

    /// Whether everything has been answered.
    pub(crate) fn are_content(&self) -> bool {
        self.requests.iter().all(|request| request.is_answered)
    }

    /// How it is asked.
    pub(crate) fn ask(&self, ticket: Ticket) -> Ask {
        match &self.requests[ticket].wanted {
            Wanted::Command(command) => match &command.verb {
                Verb::CreateEvent(create) => {
                    let is_stored = create.chart == self.venue.hash;
                    let chart = is_stored.then(|| self.venue.chart.clone());
                    Ask::CreateEvent { command: command.clone(), chart }
                }
                _ => Ask::command(command.clone()),
            },
            Wanted::Hold { hold_id, buyer_id } => {
                let (hold_id, buyer_id) = (*hold_id, buyer_id.clone());
                Ask::Query(Query::Hold { hold_id, buyer_id })
            }
            &Wanted::Verification(event_id) => Ask::Query(Query::Verify { event_id }),
        }
    }

    /// An answer came. Events, holds and sales are remembered, to go on with them.
    pub(crate) fn hear(&mut self, ticket: Ticket, fact: Option<&Fact>) {
        let was_answered = std::mem::replace(&mut self.requests[ticket].is_answered, true);
        let Some(fact) = fact.filter(|_| !was_answered) else { return };
        let event_id = fact.event_id;
        match &fact.change {
            Change::EventCreated { ticket_types, .. } => {
                self.events.push((event_id, ticket_types.len()));
            }
            Change::SpotsBlocked { spots } => self.blocked.push((event_id, spots.clone())),
            Change::HoldPlaced { hold_id, buyer_id, spots, .. } => {
                let (id, buyer_id, spots) = (*hold_id, buyer_id.clone(), spots.clone());
                self.holds.push(Owned { id, event_id, buyer_id, spots });
            }
            Change::HoldAllocated { allocation_id, buyer_id, spots, .. } => {
                let (id, buyer_id, spots) = (*allocation_id, buyer_id.clone(), spots.clone());
                self.allocations.push(Owned { id, event_id, buyer_id, spots });
            }
            _ => {}
        }
    }

    /// A client is gone, and with it all that it knew of a hold. False if there is none.
    pub(crate) fn vanish(&mut self) -> bool {
        if self.holds.is_empty() {
            return false;
        }
        self.holds.swap_remove(self.chance.below(self.holds.len()));
        true
    }

    fn command(&mut self, now: Timestamp) -> Command {
        let request_id = self.request_id(now);
        // First what all the rest is about.
        if let Some(&event_id) = self.venue.events.get(self.requests.len()) {
            let create = CreateEvent { chart: self.venue.hash, ..self.create(event_id, now) };
            return Command { request_id, verb: Verb::CreateEvent(create) };
        }
        Command { request_id, verb: self.verb(now) }
    }

    /// Mostly ordered by time, by clocks that disagree; some hashed from a key; seldom one that
    /// was used already, or of another day.
    fn request_id(&mut self, now: Timestamp) -> RequestId {
        const DAY_MILLIS: u64 = 24 * 60 * 60 * 1_000;
        let version = if self.chance.once_in(5) { 8 } else { 7 };
        let made_at = match self.chance.below(120) {
            0 => now.0 + DAY_MILLIS,
            1 => now.0 - DAY_MILLIS,
            2 | 3 => match self.used_request_id() {
                Some(request_id) => return request_id,
                None => now.0,
            },
            _ => now.0 + self.chance.below(400) as u64 - 200,
        };
        let bits = u128::from(made_at) << 80 | version << 76 | 0b10 << 62;
        RequestId::new(bits | u128::from(self.chance.next() >> 2))
            .expect("version and variant are those of a request id")
    }

    fn used_request_id(&mut self) -> Option<RequestId> {
        match &pick(&self.requests, &mut self.chance)?.wanted {
            Wanted::Command(command) => Some(command.request_id),
            _ => None,
        }
    }

    /// A hold that somebody was told of.
    fn any_hold(&mut self) -> Option<Owned<HoldId>> {
        // The newest are those that live, as a rule.
        let newest = self.holds.len().saturating_sub(12);
        let newest = if self.chance.once_in(6) { 0 } else { newest };
        pick(&self.holds[newest..], &mut self.chance).cloned()
    }

    /// The same with who asks for it, and for which part.
    fn hold(&mut self) -> Option<(HoldId, BuyerId, Part)> {
        let hold = self.any_hold()?;
        let part = self.part(hold.event_id, &hold.spots);
        Some((hold.id, self.by_chance_another(hold.buyer_id), part))
    }

    fn allocation(&mut self) -> Option<(AllocationId, BuyerId, Part)> {
        let sold = pick(&self.allocations, &mut self.chance).cloned()?;
        let part = self.part(sold.event_id, &sold.spots);
        Some((sold.id, self.by_chance_another(sold.buyer_id), part))
    }

    fn by_chance_another(&mut self, buyer_id: BuyerId) -> BuyerId {
        if self.chance.once_in(15) { self.buyer() } else { buyer_id }
    }

    fn event(&mut self) -> EventId {
        let events = self.venue.events.len();
        self.venue.events[self.chance.below(events)]
    }
}

fn pick<'a, T>(list: &'a [T], chance: &mut Chance) -> Option<&'a T> {
    list.get(chance.below(list.len()))
}
