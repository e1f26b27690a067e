//! Who asks: buyers and an organizer who want everything that can be asked for, in any order, and
//! ask again with the same request id whenever they were told nothing.

use inventory_core::command::{
    Allocate, BestAvailable, Block, CloseEvent, Command, CreateEvent, Extend, Part, Place, Release,
    Return, Selection, Unblock, Verb,
};
use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{AllocationId, BuyerId, EventId, HoldId, RequestId, SeatIndex};
use inventory_core::rules::EventRules;
use inventory_core::spots::Spots;
use inventory_core::time::Timestamp;
use inventory_engine::ask::Ask;
use persistence::disk::simulated::Chance;

use crate::node::Ticket;
use crate::venue::{EVENTS, SEATS, Venue};

/// People who buy.
const BUYERS: usize = 5;
/// A hold lasts so long unless it is extended: runs are short.
const HOLD_TTL_MILLIS: u64 = 3_000;
/// Seats that one buyer may have of an event.
const BUYER_SEATS_MAX: u32 = 5;

/// What was asked, and whether it was answered. Its place in the list is its ticket.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) command: Command,
    pub(crate) is_answered: bool,
}

/// A hold or a sale that somebody was told of.
#[derive(Clone, Debug)]
struct Owned<I> {
    id: I,
    buyer_id: BuyerId,
    seats: Vec<SeatIndex>,
}

pub(crate) struct Buyers {
    venue: Venue,
    chance: Chance,
    requests: Vec<Request>,
    holds: Vec<Owned<HoldId>>,
    allocations: Vec<Owned<AllocationId>>,
}

impl Buyers {
    pub(crate) fn new(venue: Venue, seed: u64) -> Self {
        let (requests, holds, allocations) = (Vec::new(), Vec::new(), Vec::new());
        Self { venue, chance: Chance::of(seed, 1), requests, holds, allocations }
    }

    pub(crate) fn request(&self, ticket: Ticket) -> &Request {
        &self.requests[ticket]
    }

    /// Something new.
    pub(crate) fn next(&mut self, now: Timestamp) -> Ticket {
        let verb = self.verb();
        let request_id = self.request_id(now);
        let command = Command { request_id, verb };
        self.requests.push(Request { command, is_answered: false });
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
        let command = self.requests[ticket].command.clone();
        if matches!(command.verb, Verb::CreateEvent(_)) {
            return Ask::CreateEvent { command, chart: Some(self.venue.chart.clone()) };
        }
        Ask::command(command)
    }

    /// An answer came. Holds and sales are remembered, to go on with them.
    pub(crate) fn hear(&mut self, ticket: Ticket, fact: Option<&Fact>) {
        let was_answered = std::mem::replace(&mut self.requests[ticket].is_answered, true);
        let Some(fact) = fact.filter(|_| !was_answered) else { return };
        let seats = |spots: &Spots| spots.seat_indexes().collect();
        match &fact.change {
            Change::HoldPlaced { hold_id, buyer_id, spots, .. } => {
                let (id, buyer_id) = (*hold_id, buyer_id.clone());
                self.holds.push(Owned { id, buyer_id, seats: seats(spots) });
            }
            Change::HoldAllocated { allocation_id, buyer_id, spots, .. } => {
                let (id, buyer_id) = (*allocation_id, buyer_id.clone());
                self.allocations.push(Owned { id, buyer_id, seats: seats(spots) });
            }
            _ => {}
        }
    }

    fn verb(&mut self) -> Verb {
        // First what all the rest is about.
        if let Some(&event_id) = EVENTS.get(self.requests.len()) {
            return self.create(event_id);
        }
        let event_id = self.event();
        match self.chance.below(100) {
            0..=3 => self.create(event_id),
            4..=40 => self.place(event_id),
            41..=47 => match self.hold() {
                Some((hold_id, buyer_id, _)) => Verb::Extend(Extend { hold_id, buyer_id }),
                None => self.place(event_id),
            },
            48..=60 => match self.hold() {
                Some((hold_id, buyer_id, part)) => {
                    Verb::Release(Release { hold_id, buyer_id, part })
                }
                None => self.place(event_id),
            },
            61..=84 => match self.hold() {
                Some((hold_id, buyer_id, part)) => {
                    Verb::Allocate(Allocate { hold_id, buyer_id, part })
                }
                None => self.place(event_id),
            },
            85..=92 => self.give_back(event_id),
            93..=95 => Verb::Block(Block { event_id, spots: self.spots() }),
            96..=98 => Verb::Unblock(Unblock { event_id, spots: self.spots() }),
            _ if self.chance.once_in(8) => Verb::CloseEvent(CloseEvent { event_id }),
            _ => self.place(EventId(99)),
        }
    }

    fn create(&mut self, event_id: EventId) -> Verb {
        let rules = EventRules {
            hold_ttl_millis: HOLD_TTL_MILLIS,
            extensions_max: 1,
            buyer_seats_max: Some(BUYER_SEATS_MAX),
            ..EventRules::default()
        };
        let (name, chart) = ("show".into(), self.venue.hash);
        Verb::CreateEvent(CreateEvent { event_id, name, chart, rules, ticket_types: Vec::new() })
    }

    fn place(&mut self, event_id: EventId) -> Verb {
        let selection = if self.chance.once_in(3) {
            let quantity = 1 + self.chance.below(4) as u32;
            Selection::BestAvailable(BestAvailable { quantity, ..BestAvailable::default() })
        } else {
            Selection::Spots(self.spots())
        };
        Verb::Place(Place { event_id, buyer_id: self.buyer(), selection })
    }

    fn give_back(&mut self, event_id: EventId) -> Verb {
        let Some(sold) = pick(&self.allocations, &mut self.chance).cloned() else {
            return self.place(event_id);
        };
        let part = self.part(&sold.seats);
        Verb::Return(Return { allocation_id: sold.id, buyer_id: sold.buyer_id, part })
    }

    /// A hold that somebody was told of, by whom it is asked for, and which part of it.
    fn hold(&mut self) -> Option<(HoldId, BuyerId, Part)> {
        // The newest are those that live, as a rule.
        let newest = self.holds.len().saturating_sub(12);
        let newest = if self.chance.once_in(6) { 0 } else { newest };
        let hold = pick(&self.holds[newest..], &mut self.chance)?.clone();
        let is_stranger = self.chance.once_in(15);
        let buyer_id = if is_stranger { self.buyer() } else { hold.buyer_id };
        Some((hold.id, buyer_id, self.part(&hold.seats)))
    }

    fn part(&mut self, seats: &[SeatIndex]) -> Part {
        if self.chance.once_in(3) {
            let seats = seats.iter().copied().filter(|_| self.chance.once_in(2)).collect();
            return Part::Spots { seats, areas: Vec::new() };
        }
        Part::Whole
    }

    fn spots(&mut self) -> Spots {
        let count = 1 + self.chance.below(3);
        // Sometimes one that is not there, or the same twice.
        let seats = (0..count).map(|_| SeatIndex(self.chance.below(SEATS as usize + 1) as u32));
        Spots::of_seats(seats.collect::<Vec<_>>())
    }

    fn buyer(&mut self) -> BuyerId {
        let number = self.chance.below(BUYERS);
        BuyerId::new(&format!("buyer-{number}")).expect("a short text is a buyer")
    }

    fn event(&mut self) -> EventId {
        EVENTS[self.chance.below(EVENTS.len())]
    }

    /// Mostly ordered by time, by clocks that disagree; some hashed from a key.
    fn request_id(&mut self, now: Timestamp) -> RequestId {
        let version = if self.chance.once_in(5) { 8 } else { 7 };
        let made_at = now.0 + self.chance.below(400) as u64 - 200;
        let bits = u128::from(made_at) << 80 | version << 76 | 0b10 << 62;
        RequestId::new(bits | u128::from(self.chance.next() >> 2))
            .expect("version and variant are those of a request id")
    }
}

fn pick<'a, T>(list: &'a [T], chance: &mut Chance) -> Option<&'a T> {
    list.get(chance.below(list.len()))
}
