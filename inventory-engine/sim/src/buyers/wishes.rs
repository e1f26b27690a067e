//! What can be wished for: mostly what could be had, and now and then everything that must be
//! refused.

use inventory_core::command::{
    Allocate, BestAvailable, Block, CloseEvent, CreateEvent, Extend, Part, Place, Release, Return,
    Selection, Unblock, Verb,
};
use inventory_core::ids::{
    AreaIndex, BuyerId, CategoryIndex, ChartHash, EventId, SeatIndex, SectionIndex,
    TicketTypeIndex, ZoneIndex,
};
use inventory_core::limits::HOLD_SEATS_MAX;
use inventory_core::rules::EventRules;
use inventory_core::spots::{AreaPlaces, SeatSpot, Spots};
use inventory_core::ticket_type::TicketType;
use inventory_core::time::Timestamp;

use super::Buyers;

/// People who buy.
const BUYERS: usize = 5;
/// A hold lasts so long unless it is extended: runs are short.
const HOLD_TTL_MILLIS: u64 = 6_000;
/// Spots that one buyer may have of an event, where that is limited.
const BUYER_SEATS_MAX: u32 = 7;
/// When sales open and close, after what is now.
const WINDOW_MILLIS: usize = 60_000;

impl Buyers {
    pub(super) fn verb(&mut self, now: Timestamp) -> Verb {
        let event_id = if self.chance.once_in(60) { EventId(99) } else { self.event() };
        match self.chance.below(100) {
            0..=2 => Verb::CreateEvent(self.create(event_id, now)),
            3..=39 => self.place(event_id),
            40..=46 => match self.hold() {
                Some((hold_id, buyer_id, _)) => Verb::Extend(Extend { hold_id, buyer_id }),
                None => self.place(event_id),
            },
            47..=59 => match self.hold() {
                Some((hold_id, buyer_id, part)) => {
                    Verb::Release(Release { hold_id, buyer_id, part })
                }
                None => self.place(event_id),
            },
            60..=82 => match self.hold() {
                Some((hold_id, buyer_id, part)) => {
                    Verb::Allocate(Allocate { hold_id, buyer_id, part })
                }
                None => self.place(event_id),
            },
            83..=91 => match self.allocation() {
                Some((allocation_id, buyer_id, part)) => {
                    Verb::Return(Return { allocation_id, buyer_id, part })
                }
                None => self.place(event_id),
            },
            92..=95 => Verb::Block(Block { event_id, spots: self.untyped(event_id) }),
            96..=98 => match self.blocked.pop().filter(|_| !self.chance.once_in(3)) {
                Some((event_id, spots)) => Verb::Unblock(Unblock { event_id, spots }),
                None => Verb::Unblock(Unblock { event_id, spots: self.untyped(event_id) }),
            },
            _ if self.chance.once_in(3) => Verb::CloseEvent(CloseEvent { event_id }),
            _ => self.place(event_id),
        }
    }

    /// An event by rules of its own; seldom one that nobody could sell.
    pub(super) fn create(&mut self, event_id: EventId, now: Timestamp) -> CreateEvent {
        let window = self.window(now);
        let mut rules = EventRules {
            hold_ttl_millis: HOLD_TTL_MILLIS,
            extensions_max: self.chance.below(3) as u16,
            buyer_seats_max: (!self.chance.once_in(3)).then_some(BUYER_SEATS_MAX),
            sale_opens_at: window.0,
            sale_closes_at: window.1,
        };
        let mut chart = self.venue.hash;
        match self.chance.below(12) {
            0 => rules.hold_ttl_millis = 1,
            1 => chart = ChartHash([7; 32]),
            _ => {}
        }
        let types = if self.chance.once_in(3) { 0 } else { 1 + self.chance.below(3) };
        let ticket_types = (0..types).map(|number| self.ticket_type(number, now)).collect();
        CreateEvent { event_id, name: "show".into(), chart, rules, ticket_types }
    }

    fn ticket_type(&mut self, number: usize, now: Timestamp) -> TicketType {
        let (sale_opens_at, sale_closes_at) = self.window(now);
        let categories = match self.chance.below(4) {
            0 => vec![CategoryIndex(0)],
            1 => vec![CategoryIndex(1)],
            _ => Vec::new(),
        };
        let quota = self.chance.once_in(2).then(|| 2 + self.chance.below(8) as u32);
        let key = ["adult", "child", "member"][number % 3].into();
        TicketType { key, quota, sale_opens_at, sale_closes_at, categories }
    }

    /// When something opens and closes, if it does.
    fn window(&mut self, now: Timestamp) -> (Option<Timestamp>, Option<Timestamp>) {
        let mut after = |from: Timestamp, times: usize| {
            let is_set = self.chance.once_in(times);
            is_set.then(|| from.plus_millis(1 + self.chance.below(WINDOW_MILLIS) as u64))
        };
        let opens_at = after(now, 10);
        (opens_at, after(opens_at.unwrap_or(now), 8))
    }

    fn place(&mut self, event_id: EventId) -> Verb {
        let selection = if self.chance.once_in(3) {
            Selection::BestAvailable(self.wish(event_id))
        } else {
            Selection::Spots(self.spots(event_id))
        };
        Verb::Place(Place { event_id, buyer_id: self.buyer(), selection })
    }

    fn wish(&mut self, event_id: EventId) -> BestAvailable {
        let quantity = match self.chance.below(60) {
            0 => 0,
            1 => HOLD_SEATS_MAX as u32 + 1,
            _ => 1 + self.chance.below(4) as u32,
        };
        let section = self.chance.once_in(5).then(|| SectionIndex(self.chance.below(2) as u32));
        let zone = self.chance.once_in(8).then(|| ZoneIndex(self.chance.below(2) as u32));
        let category = self.chance.once_in(6).then(|| CategoryIndex(self.chance.below(2) as u32));
        let ticket_types = match self.type_of(event_id) {
            Some(first) if quantity > 1 && self.chance.once_in(3) => {
                vec![(first, 1), (self.type_of(event_id).unwrap_or(first), quantity - 1)]
            }
            Some(only) => vec![(only, quantity)],
            None => Vec::new(),
        };
        let accessible = self.chance.once_in(8);
        BestAvailable { quantity, section, zone, category, accessible, ticket_types }
    }

    /// Seats, places, or both; seldom some that are not there, the same twice, or far too many.
    fn spots(&mut self, event_id: EventId) -> Spots {
        let mut spots = Spots::default();
        let (with_seats, with_places) = match self.chance.below(6) {
            0 => (false, true),
            1 => (true, true),
            _ => (true, false),
        };
        if with_seats {
            for seat in self.seats() {
                let ticket_type = self.type_of(event_id);
                spots.seats.push(SeatSpot { seat, ticket_type });
            }
        }
        if with_places {
            spots.areas = self.places(event_id);
        }
        spots
    }

    fn seats(&mut self) -> Vec<SeatIndex> {
        let all = self.venue.seats();
        match self.chance.below(60) {
            0 => Vec::new(),
            1 => vec![SeatIndex(0); HOLD_SEATS_MAX + 1],
            2..=5 => self.venue.table(),
            _ => {
                // Seldom one that is not there, or half a table, and sometimes the same twice.
                let is_careless = self.chance.once_in(12);
                let all = if is_careless { all + 1 } else { all - self.venue.table().len() };
                let count = 1 + self.chance.below(3);
                (0..count).map(|_| SeatIndex(self.chance.below(all) as u32)).collect()
            }
        }
    }

    fn places(&mut self, event_id: EventId) -> Vec<AreaPlaces> {
        let lines = 1 + self.chance.below(2);
        let line = |buyers: &mut Self| {
            let areas = buyers.venue.areas() + usize::from(buyers.chance.once_in(25));
            let count = match buyers.chance.below(30) {
                0 => 0,
                1 => u32::MAX,
                _ => 1 + buyers.chance.below(3) as u32,
            };
            let area = AreaIndex(buyers.chance.below(areas) as u32);
            AreaPlaces { area, ticket_type: buyers.type_of(event_id), count }
        };
        (0..lines).map(|_| line(self)).collect()
    }

    /// What an organizer takes off sale: as nothing, as a rule.
    fn untyped(&mut self, event_id: EventId) -> Spots {
        let mut spots = self.spots(event_id);
        if !self.chance.once_in(12) {
            spots.seats.iter_mut().for_each(|spot| spot.ticket_type = None);
            spots.areas.iter_mut().for_each(|places| places.ticket_type = None);
        }
        spots
    }

    /// A ticket type of the event; seldom none, or one that it does not have.
    fn type_of(&mut self, event_id: EventId) -> Option<TicketTypeIndex> {
        let known = self.events.iter().find(|(known, _)| *known == event_id);
        let types = known.map_or(0, |&(_, types)| types);
        if self.chance.once_in(50) {
            return None;
        }
        let types = types + usize::from(self.chance.once_in(50));
        (types > 0).then(|| TicketTypeIndex(self.chance.below(types) as u16))
    }

    /// Some of what a hold or a sale has, or all of it, or something else.
    pub(super) fn part(&mut self, event_id: EventId, has: &Spots) -> Part {
        match self.chance.below(9) {
            0..=5 => Part::Whole,
            6 | 7 => {
                let seats = has.seat_indexes().filter(|_| self.chance.once_in(2)).collect();
                let some = |places: &AreaPlaces| {
                    let count = 1 + self.chance.below(places.count as usize) as u32;
                    self.chance.once_in(2).then_some(AreaPlaces { count, ..*places })
                };
                let areas = has.areas.iter().filter_map(some).collect();
                Part::Spots { seats, areas }
            }
            _ => {
                let other = self.spots(event_id);
                Part::Spots { seats: other.seat_indexes().collect(), areas: other.areas }
            }
        }
    }

    pub(super) fn buyer(&mut self) -> BuyerId {
        let number = self.chance.below(BUYERS);
        BuyerId::new(&format!("buyer-{number}")).expect("a short text is a buyer")
    }
}
