//! A sale with some of everything: seats, tables, areas, ticket types, parts, returns, blocks,
//! holds that run out, and requests that are refused.

use inventory_charts::{import, to_canonical_bytes};
use inventory_core::command::{
    Allocate, BestAvailable, Block, CloseEvent, Command, CreateEvent, Extend, Part, Place, Release,
    Return, Selection, Unblock, Verb,
};
use inventory_core::fact::Change;
use inventory_core::ids::{
    AllocationId, AreaIndex, BuyerId, CategoryIndex, EventId, HoldId, RequestId, SeatIndex,
    TicketTypeIndex,
};
use inventory_core::rules::EventRules;
use inventory_core::spots::{AreaPlaces, SeatSpot, Spots};
use inventory_core::ticket_type::TicketType;
use inventory_engine::answer::Answer;
use inventory_engine::ask::Ask;
use inventory_engine::engine::Handle;

/// The shortest that a hold may last.
pub(crate) const HOLD_MILLIS: u64 = inventory_core::limits::HOLD_TTL_MILLIS_MIN;

/// Buyers and what they have, drawn by a generator of its own: the same seed asks the same.
pub(crate) struct Sale {
    random: u64,
    events: Vec<EventId>,
    holds: Vec<(HoldId, BuyerId, Spots)>,
    allocations: Vec<(AllocationId, BuyerId, Spots)>,
    pub(crate) accepted: u64,
}

impl Sale {
    pub(crate) fn new(seed: u64) -> Self {
        let (events, holds, allocations) = (Vec::new(), Vec::new(), Vec::new());
        Self { random: seed, events, holds, allocations, accepted: 0 }
    }

    /// Puts an event on sale. Its holds last `hold_millis`.
    pub(crate) async fn create(&mut self, handle: &Handle, event_id: u64, hold_millis: u64) {
        let chart = import(include_bytes!("festival.json"), None).unwrap().chart;
        let stored = handle.put_chart(to_canonical_bytes(&chart).into(), None).await.unwrap();
        let ticket_type = |key: &str, quota, categories| TicketType {
            key: key.into(),
            quota,
            sale_opens_at: None,
            sale_closes_at: None,
            categories,
        };
        let create = CreateEvent {
            event_id: EventId(event_id),
            name: "Gala | \u{1f39f} 'x'".into(),
            chart: stored.hash,
            rules: EventRules { hold_ttl_millis: hold_millis, ..EventRules::default() },
            ticket_types: vec![
                ticket_type("adult", None, vec![]),
                ticket_type("child", Some(25), vec![CategoryIndex(1), CategoryIndex(2)]),
            ],
        };
        let verb = Verb::CreateEvent(create);
        let command = Command { request_id: self.request_id(), verb };
        let reply = handle.create_event(command, Some(stored.chart), None).await;
        assert!(matches!(reply, Ok(Answer::Accepted(_))), "{reply:?}");
        self.events.push(EventId(event_id));
        self.accepted += 1;
    }

    /// Asks for so many things, one after the other.
    pub(crate) async fn ask(&mut self, handle: &Handle, times: usize) {
        for _ in 0..times {
            let Some(verb) = self.wish() else { continue };
            let command = Command { request_id: self.request_id(), verb };
            let Ok(Answer::Accepted(accepted)) = handle.ask(Ask::command(command), None).await
            else {
                continue;
            };
            self.accepted += 1;
            match &accepted.fact.change {
                Change::HoldPlaced { hold_id, buyer_id, spots, .. } => {
                    self.holds.push((*hold_id, buyer_id.clone(), spots.clone()));
                }
                Change::HoldAllocated { allocation_id, buyer_id, spots, .. } => {
                    self.allocations.push((*allocation_id, buyer_id.clone(), spots.clone()));
                }
                _ => {}
            }
        }
    }

    /// Ends the sale of the first event.
    pub(crate) async fn close_first(&mut self, handle: &Handle) {
        let verb = Verb::CloseEvent(CloseEvent { event_id: self.events[0] });
        let command = Command { request_id: self.request_id(), verb };
        let reply = handle.ask(Ask::command(command), None).await;
        assert!(matches!(reply, Ok(Answer::Accepted(_))), "{reply:?}");
        self.accepted += 1;
    }

    fn wish(&mut self) -> Option<Verb> {
        let at = self.below(self.events.len());
        let event_id = self.events[at];
        Some(match self.below(20) {
            0..7 => {
                let buyer_id = BuyerId::new(&format!("buyer-{}", self.below(30))).unwrap();
                let selection = self.selection();
                Verb::Place(Place { event_id, buyer_id, selection })
            }
            7..9 => {
                let (hold_id, buyer_id, _) = self.some_hold()?;
                Verb::Extend(Extend { hold_id, buyer_id })
            }
            9..12 => {
                let (hold_id, buyer_id, spots) = self.some_hold()?;
                Verb::Release(Release { hold_id, buyer_id, part: self.part(&spots) })
            }
            12..16 => {
                let (hold_id, buyer_id, spots) = self.some_hold()?;
                Verb::Allocate(Allocate { hold_id, buyer_id, part: self.part(&spots) })
            }
            16..18 => {
                let at = self.below(self.allocations.len().max(1));
                let (allocation_id, buyer_id, spots) = self.allocations.get(at)?.clone();
                Verb::Return(Return { allocation_id, buyer_id, part: self.part(&spots) })
            }
            18 => Verb::Block(Block { event_id, spots: self.untyped() }),
            _ => Verb::Unblock(Unblock { event_id, spots: self.untyped() }),
        })
    }

    fn selection(&mut self) -> Selection {
        let adult = TicketTypeIndex(0);
        if self.below(3) == 0 {
            let quantity = 1 + self.below(3) as u32;
            let ticket_types = vec![(adult, quantity)];
            let wish = BestAvailable { quantity, ticket_types, ..BestAvailable::default() };
            return Selection::BestAvailable(wish);
        }
        let mut spots = self.untyped();
        for spot in &mut spots.seats {
            spot.ticket_type = Some(adult);
        }
        let child = TicketTypeIndex(self.below(2) as u16);
        spots.areas.iter_mut().for_each(|places| places.ticket_type = Some(child));
        Selection::Spots(spots)
    }

    /// Some seats and places, whether they can be had or not.
    fn untyped(&mut self) -> Spots {
        let mut seats: Vec<u32> = (0..self.below(3)).map(|_| self.below(22) as u32).collect();
        seats.sort_unstable();
        seats.dedup();
        let seat = |seat| SeatSpot { seat: SeatIndex(seat), ticket_type: None };
        let mut areas = Vec::new();
        if self.below(2) == 0 {
            let (area, count) = (AreaIndex(self.below(2) as u32), 1 + self.below(3) as u32);
            areas.push(AreaPlaces { area, ticket_type: None, count });
        }
        Spots { seats: seats.into_iter().map(seat).collect(), areas }
    }

    fn some_hold(&mut self) -> Option<(HoldId, BuyerId, Spots)> {
        let at = self.below(self.holds.len().max(1));
        // Mostly of the last ones, which may live.
        let at = self.holds.len().checked_sub(1 + at % 6)?;
        Some(self.holds[at].clone())
    }

    /// All, or one seat or one place.
    fn part(&mut self, spots: &Spots) -> Part {
        if self.below(2) == 0 {
            return Part::Whole;
        }
        let seats = spots.seat_indexes().take(1).collect();
        let areas = spots.areas.iter().take(1).map(|of| AreaPlaces { count: 1, ..*of }).collect();
        Part::Spots { seats, areas }
    }

    fn request_id(&mut self) -> RequestId {
        let mut id = uuid::Uuid::now_v7().as_u128();
        if self.below(4) == 0 {
            // As REST makes them.
            id = id & !(0xf << 76) | 8 << 76;
        }
        RequestId::new(id).unwrap()
    }

    /// A number below another: xorshift, which is enough for a test.
    fn below(&mut self, limit: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random % limit as u64) as usize
    }
}
