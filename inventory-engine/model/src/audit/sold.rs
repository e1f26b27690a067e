//! What somebody came to hold: by the rules of the sale they may.

use inventory_core::fact::SeatStatus;
use inventory_core::ids::{BuyerId, CategoryIndex, TicketTypeIndex};
use inventory_core::spots::Spots;
use inventory_core::time::Timestamp;

use super::ensure;
use crate::event::Event;
use crate::spots::{count, sold_as};

impl Event {
    pub(super) fn audit_sale_is_open(&self, at: Timestamp) -> Result<(), String> {
        ensure(self.closed_at.is_none(), "the event is closed")?;
        let rules = &self.rules;
        let is_open = is_within(at, rules.sale_opens_at, rules.sale_closes_at);
        ensure(is_open, "the sale is not open")
    }

    /// Each spot is sold as a ticket type of the event, if it has any; the type is on sale, and
    /// goes with the spot's category.
    pub(super) fn audit_types(&self, at: Timestamp, spots: &Spots) -> Result<(), String> {
        for spot in &spots.seats {
            let category = self.parts().seats[spot.seat.0 as usize].category;
            self.audit_type(at, spot.ticket_type, category)?;
        }
        for line in &spots.areas {
            let category = self.parts().areas[line.area.0 as usize].category;
            self.audit_type(at, line.ticket_type, category)?;
        }
        Ok(())
    }

    fn audit_type(
        &self,
        at: Timestamp,
        named: Option<TicketTypeIndex>,
        category: Option<CategoryIndex>,
    ) -> Result<(), String> {
        let Some(index) = named else {
            return ensure(self.ticket_types.is_empty(), "something is sold as nothing");
        };
        let of = self.ticket_type(index).ok_or("there is no such ticket type")?;
        let is_on_sale = is_within(at, of.sale_opens_at, of.sale_closes_at);
        ensure(is_on_sale, "a ticket type is not on sale")?;
        let goes_with = |category| of.categories.contains(&category);
        let is_right = of.categories.is_empty() || category.is_some_and(goes_with);
        ensure(is_right, "something is sold as what it is not")
    }

    /// The buyer's limit, and the quotas.
    pub(super) fn audit_limits(&self, buyer_id: &BuyerId, spots: &Spots) -> Result<(), String> {
        let will_have = u64::from(self.buyer_spots(buyer_id)) + count(spots);
        if let Some(max) = self.rules.buyer_seats_max.filter(|max| will_have > u64::from(*max)) {
            return Err(format!("the buyer will have {will_have} spots, of at most {max}"));
        }
        for index in (0..self.ticket_types.len()).map(|number| TicketTypeIndex(number as u16)) {
            let left = self.type_counts(index).map_or(0, |of| of[SeatStatus::Available as usize]);
            let taken = sold_as(spots, index);
            if taken > u64::from(left) {
                return Err(format!("{taken} go as ticket type {index}, of {left} in its quota"));
            }
        }
        Ok(())
    }
}

fn is_within(at: Timestamp, opens_at: Option<Timestamp>, closes_at: Option<Timestamp>) -> bool {
    opens_at.is_none_or(|opens_at| opens_at <= at)
        && closes_at.is_none_or(|closes_at| at < closes_at)
}
