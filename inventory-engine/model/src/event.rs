//! One event: its rules, its holds, its sales and what is blocked. That is all there is of it:
//! who has a seat, and how many of anything are left, is searched and counted when it is asked.

use std::sync::Arc;

use inventory_core::chart::{Chart, ChartParts};
use inventory_core::fact::SeatStatus;
use inventory_core::ids::{
    AllocationId, AreaIndex, BuyerId, CategoryIndex, ChartHash, EventId, HoldId, SeatIndex,
    TicketTypeIndex,
};
use inventory_core::rules::EventRules;
use inventory_core::spots::Spots;
use inventory_core::state::{Allocation, Hold};
use inventory_core::ticket_type::TicketType;
use inventory_core::time::Timestamp;

use crate::spots;

/// Who has a seat.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Owner {
    Nobody,
    Hold(HoldId),
    Sale(AllocationId),
    Organizer,
}

impl Owner {
    pub(crate) fn status(self) -> SeatStatus {
        match self {
            Self::Nobody => SeatStatus::Available,
            Self::Hold(_) => SeatStatus::Held,
            Self::Sale(_) => SeatStatus::Allocated,
            Self::Organizer => SeatStatus::Blocked,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) id: EventId,
    pub(crate) name: String,
    pub(crate) chart_hash: ChartHash,
    pub(crate) chart: Arc<Chart>,
    pub(crate) rules: EventRules,
    pub(crate) ticket_types: Vec<TicketType>,
    pub(crate) created_at: Timestamp,
    pub(crate) closed_at: Option<Timestamp>,
    /// Those that have not ended, as they were placed.
    pub(crate) holds: Vec<Hold>,
    /// Those that have anything, as they were made.
    pub(crate) sales: Vec<Allocation>,
    pub(crate) blocked_seats: Vec<SeatIndex>,
    /// By area, each place by itself.
    pub(crate) blocked_places: Vec<AreaIndex>,
}

impl Event {
    /// What its chart is made of.
    pub(crate) fn parts(&self) -> &ChartParts {
        self.chart.parts()
    }

    /// Who has a seat of the chart.
    pub(crate) fn owner(&self, seat: SeatIndex) -> Owner {
        let has = |spots: &Spots| spots.seats.iter().any(|spot| spot.seat == seat);
        if let Some(hold) = self.holds.iter().find(|hold| has(&hold.spots)) {
            return Owner::Hold(hold.id);
        }
        if let Some(sale) = self.sales.iter().find(|sale| has(&sale.spots)) {
            return Owner::Sale(sale.id);
        }
        if self.blocked_seats.contains(&seat) { Owner::Organizer } else { Owner::Nobody }
    }

    /// The state of a seat; `None` if there is no such seat.
    pub(crate) fn status(&self, seat: SeatIndex) -> Option<SeatStatus> {
        self.parts().seats.get(seat.0 as usize).map(|_| self.owner(seat).status())
    }

    /// How many places of an area are in each state, in the order of their numbers; `None` if
    /// there is no such area.
    pub(crate) fn area_counts(&self, area: AreaIndex) -> Option<[u32; 4]> {
        let capacity = self.parts().areas.get(area.0 as usize)?.capacity;
        let held = self.held().map(|spots| spots::places_in(spots, area)).sum::<u64>();
        let sold = self.sold().map(|spots| spots::places_in(spots, area)).sum::<u64>();
        let blocked = self.blocked_places.iter().filter(|of| **of == area).count() as u64;
        Some(counts(capacity, [held, sold, blocked]))
    }

    /// How many seats are in each state, in the order of their numbers.
    pub(crate) fn seat_counts(&self) -> [u32; 4] {
        let held = self.held().map(|spots| spots.seats.len() as u64).sum();
        let sold = self.sold().map(|spots| spots.seats.len() as u64).sum();
        counts(self.parts().seats.len() as u32, [held, sold, self.blocked_seats.len() as u64])
    }

    /// How many spots of a ticket type's quota, or of all spots if it has none, are left, held
    /// and sold. What is blocked is sold as nothing.
    pub(crate) fn type_counts(&self, index: TicketTypeIndex) -> Option<[u32; 4]> {
        let parts = self.parts();
        let places = parts.areas.iter().map(|area| area.capacity).sum::<u32>();
        let everything = parts.seats.len() as u32 + places;
        let quota = self.ticket_type(index)?.quota.unwrap_or(everything);
        let held = self.held().map(|spots| spots::sold_as(spots, index)).sum();
        let sold = self.sold().map(|spots| spots::sold_as(spots, index)).sum();
        Some(counts(quota, [held, sold, 0]))
    }

    /// How many spots a buyer holds and owns.
    pub(crate) fn buyer_spots(&self, buyer_id: &BuyerId) -> u32 {
        let holds = self.holds.iter().filter(|hold| hold.buyer_id == *buyer_id);
        let sales = self.sales.iter().filter(|sale| sale.buyer_id == *buyer_id);
        let all = holds.map(|hold| &hold.spots).chain(sales.map(|sale| &sale.spots));
        all.map(spots::count).sum::<u64>() as u32
    }

    pub(crate) fn ticket_type(&self, index: TicketTypeIndex) -> Option<&TicketType> {
        self.ticket_types.get(usize::from(index.0))
    }

    /// Whether what is of a category is sold as a ticket type; as none, everything is.
    pub(crate) fn is_sold_as(
        &self,
        category: Option<CategoryIndex>,
        ticket_type: Option<TicketTypeIndex>,
    ) -> bool {
        let Some(index) = ticket_type else { return true };
        self.ticket_type(index).is_some_and(|of| {
            let has = |category| of.categories.contains(&category);
            of.categories.is_empty() || category.is_some_and(has)
        })
    }

    /// The seats of each table that is sold as a whole.
    pub(crate) fn whole_tables(&self) -> impl Iterator<Item = &[SeatIndex]> {
        let tables = self.parts().tables.iter().filter(|table| table.book_whole);
        tables.map(|table| &table.seats[..])
    }

    fn held(&self) -> impl Iterator<Item = &Spots> {
        self.holds.iter().map(|hold| &hold.spots)
    }

    fn sold(&self) -> impl Iterator<Item = &Spots> {
        self.sales.iter().map(|sale| &sale.spots)
    }
}

/// What is available of a capacity, and what is not.
fn counts(capacity: u32, [held, sold, blocked]: [u64; 3]) -> [u32; 4] {
    let available = u64::from(capacity).checked_sub(held + sold + blocked);
    let available = available.expect("no more is taken than there is, for it was audited");
    [available as u32, held as u32, sold as u32, blocked as u32]
}
