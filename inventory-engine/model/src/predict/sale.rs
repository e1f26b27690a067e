//! What is refused by the rules of the sale: as what something is sold, when, and how many.

use inventory_core::fact::SeatStatus;
use inventory_core::ids::{BuyerId, SeatIndex, TicketTypeIndex};
use inventory_core::rejection::{AreaConflict, Rejection, RejectionCode::*, Retry};
use inventory_core::spots::Spots;
use inventory_core::time::Timestamp;

use super::no;
use super::selection::each_once;
use crate::event::Event;
use crate::spots::wanted;

/// As what something is wanted, and how many spots of it.
pub(super) type Wanted = (Option<TicketTypeIndex>, u64);

impl Event {
    /// Everything is wanted as a ticket type that it is sold as.
    pub(super) fn check_types(&self, spots: &Spots) -> Result<(), Rejection> {
        self.check_types_known(&wanted(spots))?;
        let parts = self.parts();
        let unfit = spots.seats.iter().filter(|spot| {
            !self.is_sold_as(parts.seats[spot.seat.0 as usize].category, spot.ticket_type)
        });
        let unfit: Vec<SeatIndex> = unfit.map(|spot| spot.seat).collect();
        let conflicts = self.seat_conflicts(unfit.iter());
        let unfit = spots.areas.iter().filter(|line| {
            !self.is_sold_as(parts.areas[line.area.0 as usize].category, line.ticket_type)
        });
        let unfit = unfit.map(|line| AreaConflict { area: line.area, could_have: Some(0) });
        let areas = each_once(unfit.collect());
        if conflicts.is_empty() && areas.is_empty() {
            return Ok(());
        }
        Err(Rejection { conflicts, areas, ..no(TicketTypeMismatch) })
    }

    /// Every ticket type that is named is there, and where there are any, one is named.
    pub(super) fn check_types_known(&self, wanted: &[Wanted]) -> Result<(), Rejection> {
        let mut named = wanted.iter().filter_map(|&(named, _)| named);
        let ticket_type = named.find(|&index| self.ticket_type(index).is_none());
        if ticket_type.is_some() {
            return Err(Rejection { ticket_type, ..no(TicketTypeUnknown) });
        }
        let is_unnamed = wanted.iter().any(|(named, _)| named.is_none());
        if is_unnamed && !self.ticket_types.is_empty() {
            return Err(no(TicketTypeRequired));
        }
        Ok(())
    }

    /// The sale, the ticket types' own sales, the buyer's limit, the quotas.
    pub(super) fn check_may_buy(
        &self,
        at: Timestamp,
        buyer_id: &BuyerId,
        wanted: &[Wanted],
    ) -> Result<(), Rejection> {
        let rules = &self.rules;
        if self.closed_at.is_some() {
            return Err(no(EventClosed));
        }
        if let Some(opens_at) = rules.sale_opens_at.filter(|&opens_at| at < opens_at) {
            return Err(Rejection { retry: Retry::At(opens_at), ..no(SaleNotOpen) });
        }
        if rules.sale_closes_at.is_some_and(|closes_at| at >= closes_at) {
            return Err(no(SaleClosed));
        }
        let types = (0..self.ticket_types.len()).map(|number| TicketTypeIndex(number as u16));
        let is_wanted =
            |index: &TicketTypeIndex| wanted.iter().any(|(named, _)| *named == Some(*index));
        let types: Vec<TicketTypeIndex> = types.filter(is_wanted).collect();
        self.check_windows(at, &types)?;
        let quantity: u64 = wanted.iter().map(|(_, count)| count).sum();
        let has = self.buyer_spots(buyer_id);
        let max = rules.buyer_seats_max;
        if let Some(max) = max.filter(|&max| u64::from(has) + quantity > u64::from(max)) {
            return Err(Rejection { could_have: Some(max - has), ..no(BuyerLimitExceeded) });
        }
        types.into_iter().try_for_each(|index| {
            let wanted = wanted.iter().filter(|(named, _)| *named == Some(index));
            self.check_quota(index, wanted.map(|(_, count)| count).sum())
        })
    }

    fn check_windows(&self, at: Timestamp, types: &[TicketTypeIndex]) -> Result<(), Rejection> {
        let rules = |index: TicketTypeIndex| &self.ticket_types[usize::from(index.0)];
        let opens_at = |index| rules(index).sale_opens_at.unwrap_or(Timestamp(0));
        let is_over = |index, at: Timestamp| {
            rules(index).sale_closes_at.is_some_and(|closes_at| at >= closes_at)
        };
        if let Some(&index) = types.iter().find(|&&index| at < opens_at(index)) {
            // Whenever something opens may be when all is open.
            let is_good = |&then: &Timestamp| {
                then > at
                    && self.rules.sale_closes_at.is_none_or(|closes_at| then < closes_at)
                    && types.iter().all(|&of| then >= opens_at(of) && !is_over(of, then))
            };
            let first = types.iter().map(|&of| opens_at(of)).filter(is_good).min();
            let retry = first.map_or(Retry::Never, Retry::At);
            let ticket_type = Some(index);
            return Err(Rejection { ticket_type, retry, ..no(TicketTypeNotOpen) });
        }
        let ticket_type = types.iter().copied().find(|&index| is_over(index, at));
        match ticket_type {
            Some(_) => Err(Rejection { ticket_type, ..no(TicketTypeClosed) }),
            None => Ok(()),
        }
    }

    fn check_quota(&self, index: TicketTypeIndex, wanted: u64) -> Result<(), Rejection> {
        let ticket_type = self.ticket_type(index);
        let Some(quota) = ticket_type.and_then(|of| of.quota) else { return Ok(()) };
        let counts = self.type_counts(index).expect("there is such a type");
        let left = counts[SeatStatus::Available as usize];
        if wanted <= u64::from(left) {
            return Ok(());
        }
        // All that is not sold could come free.
        let could_be = wanted <= u64::from(quota - counts[SeatStatus::Allocated as usize]);
        let retry = if could_be { Retry::Later } else { Retry::Never };
        let (ticket_type, could_have) = (Some(index), Some(left));
        Err(Rejection { ticket_type, could_have, retry, ..no(QuotaExceeded) })
    }
}
