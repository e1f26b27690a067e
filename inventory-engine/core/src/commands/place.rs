//! Place a hold: explicit spots, or the best available seats, all or none.
//!
//! Refused, in this order: `EventUnknown`, `SelectionEmpty`, `SelectionTooLarge`,
//! `SeatRepeated`, `SeatUnknown`, `AreaUnknown`, `TicketTypeUnknown`, `TicketTypeRequired`,
//! `TicketTypeMismatch`, `TableNotWhole`, `EventClosed`, `SaleNotOpen`, `SaleClosed`,
//! `TicketTypeNotOpen`, `TicketTypeClosed`, `BuyerLimitExceeded`, `QuotaExceeded`, then
//! `SeatsUnavailable` and `AreaFull` for explicit spots, `NotEnoughTogether` for best available.

use crate::best_available;
use crate::command::{BestAvailable, Place, Selection};
use crate::commands::{
    check_known, check_selection, check_states, check_tables, conflict, each_once,
};
use crate::fact::{Change, Fact, SeatStatus};
use crate::ids::{BuyerId, CategoryIndex, HoldId, RequestId, TicketTypeIndex};
use crate::limits::HOLD_SEATS_MAX;
use crate::rejection::{AreaConflict, Rejection, RejectionCode, Retry};
use crate::spots::{SeatSpot, Spots};
use crate::state::{EventState, Hold, SeatState, ShardState};
use crate::ticket_type::TicketType;
use crate::time::Timestamp;

impl ShardState {
    pub(crate) fn decide_place(
        &self,
        now: Timestamp,
        request_id: RequestId,
        command: &Place,
    ) -> Result<Change, Rejection> {
        let event = self.known_event(command.event_id)?;
        let quantity = check_wish(event, &command.selection)?;
        check_sale_window(event, now)?;
        let wanted = wanted_by_type(event, &command.selection);
        check_type_windows(event, &wanted, now)?;
        check_buyer_limit(event, &command.buyer_id, quantity)?;
        for &(index, ticket_type, count) in &wanted {
            check_quota(event, index, ticket_type, count)?;
        }
        let spots = match &command.selection {
            Selection::Spots(spots) => {
                let unavailable = (RejectionCode::SeatsUnavailable, RejectionCode::AreaFull);
                check_states(event, spots, SeatState::Available, unavailable)?;
                spots.clone()
            }
            Selection::BestAvailable(wish) => choose(event, wish)?,
        };
        Ok(Change::HoldPlaced {
            hold_id: HoldId::new(self.shard, self.last_lsn.next(), request_id),
            buyer_id: command.buyer_id.clone(),
            spots,
            deadline: now.plus_millis(event.rules.hold_ttl_millis),
        })
    }

    pub(crate) fn apply_hold_placed(
        &mut self,
        fact: &Fact,
        hold_id: HoldId,
        buyer_id: &BuyerId,
        spots: &Spots,
        deadline: Timestamp,
    ) {
        let event = self.events.get_mut(&fact.event_id).expect("the fact's event exists");
        assert_eq!(hold_id.lsn(), fact.lsn, "a hold is named by its fact");
        let held = SeatState::Held(fact.lsn);
        event.move_spots(spots, SeatState::Available, held, &mut self.digest);
        event.add_buyer_spots(buyer_id, spots.count());
        let hold = Hold {
            id: hold_id,
            event_id: fact.event_id,
            buyer_id: buyer_id.clone(),
            spots: spots.clone(),
            deadline,
            extensions: 0,
        };
        hold.add_to(&mut self.digest);
        self.deadlines.insert((deadline, hold_id));
        let before = self.holds.insert(hold_id, hold);
        assert!(before.is_none(), "a hold is placed once");
    }
}

/// What can be said of a wish without a look at the clock or at any state: from `SelectionEmpty`
/// to `TableNotWhole`. Returns how many spots it is for.
fn check_wish(event: &EventState, selection: &Selection) -> Result<u32, Rejection> {
    match selection {
        Selection::Spots(spots) => {
            check_selection(event, spots.seat_indexes(), &spots.areas, HOLD_SEATS_MAX)?;
            check_known(event, spots)?;
            check_ticket_types(event, spots)?;
            check_tables(event, spots.seat_indexes())?;
            Ok(spots.count())
        }
        Selection::BestAvailable(wish) => {
            let quantity = check_quantity(wish)?;
            check_wished_types(event, wish)?;
            Ok(quantity)
        }
    }
}

/// `TicketTypeUnknown`, `TicketTypeRequired`, `TicketTypeMismatch`, in this order.
fn check_ticket_types(event: &EventState, spots: &Spots) -> Result<(), Rejection> {
    let of_seats = spots.seats.iter().map(|spot| spot.ticket_type);
    let named = of_seats.chain(spots.areas.iter().map(|places| places.ticket_type));
    check_named(event, named)?;
    let applies = |ticket_type: Option<TicketTypeIndex>, category: Option<CategoryIndex>| {
        let ticket_type = ticket_type.and_then(|index| type_at(event, index));
        ticket_type.is_none_or(|ticket_type| ticket_type.applies_to(category))
    };
    let unfit = spots
        .seats
        .iter()
        .filter(|spot| !applies(spot.ticket_type, event.seat_category(spot.seat)));
    let unfit: Vec<_> = unfit.map(|spot| conflict(event, spot.seat)).collect();
    let unfit_areas = spots.areas.iter().filter(|places| {
        let area = event.chart.area(places.area);
        !applies(places.ticket_type, area.and_then(|area| area.category))
    });
    let unfit_areas =
        unfit_areas.map(|places| AreaConflict { area: places.area, could_have: Some(0) });
    let unfit_areas = each_once(unfit_areas.collect());
    if unfit.is_empty() && unfit_areas.is_empty() {
        return Ok(());
    }
    let rejection = Rejection::never(RejectionCode::TicketTypeMismatch);
    Err(rejection.with_conflicts(unfit).with_areas(unfit_areas))
}

/// The same for seats that are still to be chosen: only a wish for a category can mismatch, or
/// types that are more or fewer than the seats.
fn check_wished_types(event: &EventState, wish: &BestAvailable) -> Result<(), Rejection> {
    let types = wish.ticket_types.iter();
    check_named(event, types.clone().map(|&(index, _)| Some(index)))?;
    let typed = types.fold(0_u32, |sum, &(_, count)| sum.saturating_add(count));
    if !event.ticket_types.is_empty() && typed != wish.quantity {
        return Err(Rejection::never(RejectionCode::TicketTypeRequired));
    }
    let Some(category) = wish.category else { return Ok(()) };
    for &(index, _) in &wish.ticket_types {
        if !type_at(event, index).is_some_and(|of| of.applies_to(Some(category))) {
            let rejection = Rejection::never(RejectionCode::TicketTypeMismatch);
            return Err(rejection.with_ticket_type(index));
        }
    }
    Ok(())
}

/// `TicketTypeUnknown` with the first such, then `TicketTypeRequired`.
fn check_named(
    event: &EventState,
    named: impl Iterator<Item = Option<TicketTypeIndex>> + Clone,
) -> Result<(), Rejection> {
    if let Some(unknown) = named.clone().flatten().find(|&index| type_at(event, index).is_none()) {
        let rejection = Rejection::never(RejectionCode::TicketTypeUnknown);
        return Err(rejection.with_ticket_type(unknown));
    }
    if !event.ticket_types.is_empty() && named.clone().any(|ticket_type| ticket_type.is_none()) {
        return Err(Rejection::never(RejectionCode::TicketTypeRequired));
    }
    Ok(())
}

fn type_at(event: &EventState, index: TicketTypeIndex) -> Option<&TicketType> {
    event.ticket_types.get(usize::from(index.0))
}

/// A ticket type that is wished for, and for how many spots.
type Wanted<'a> = (TicketTypeIndex, &'a TicketType, u32);

/// The types that are wished for, in the order of their indexes.
fn wanted_by_type<'a>(event: &'a EventState, selection: &Selection) -> Vec<Wanted<'a>> {
    if event.ticket_types.is_empty() {
        return Vec::new();
    }
    let mut counts = vec![0_u32; event.ticket_types.len()];
    let mut add = |(TicketTypeIndex(index), count): (TicketTypeIndex, u32)| {
        let wanted = &mut counts[usize::from(index)];
        *wanted = wanted.saturating_add(count);
    };
    match selection {
        Selection::Spots(spots) => spots.by_ticket_type().for_each(&mut add),
        Selection::BestAvailable(wish) => wish.ticket_types.iter().copied().for_each(&mut add),
    }
    let indexed = (0..).map(TicketTypeIndex).zip(event.ticket_types.iter()).zip(counts);
    let wanted = indexed.filter(|&(_, count)| count > 0);
    wanted.map(|((index, ticket_type), count)| (index, ticket_type, count)).collect()
}

/// `TicketTypeNotOpen`, `TicketTypeClosed`, each with the first such.
fn check_type_windows(
    event: &EventState,
    wanted: &[Wanted<'_>],
    now: Timestamp,
) -> Result<(), Rejection> {
    let named = |code, index| Rejection::never(code).with_ticket_type(index);
    let opens_at = |of: &Wanted<'_>| of.1.sale_opens_at.filter(|&opens_at| now < opens_at);
    let closes_at = |of: &Wanted<'_>| of.1.sale_closes_at;
    if let Some(&(index, ..)) = wanted.iter().find(|of| opens_at(of).is_some()) {
        // When the last of them opens, if by then neither another nor the event has closed.
        let all_open_at = wanted.iter().filter_map(opens_at).max();
        let closes_at = wanted.iter().filter_map(closes_at).chain(event.rules.sale_closes_at).min();
        let could_be = all_open_at.filter(|&at| closes_at.is_none_or(|closes_at| at < closes_at));
        let retry = could_be.map_or(Retry::Never, Retry::At);
        return Err(named(RejectionCode::TicketTypeNotOpen, index).with_retry(retry));
    }
    let is_closed = |of: &&Wanted<'_>| closes_at(of).is_some_and(|closes_at| now >= closes_at);
    match wanted.iter().find(is_closed) {
        Some(&(index, ..)) => Err(named(RejectionCode::TicketTypeClosed, index)),
        None => Ok(()),
    }
}

fn check_quota(
    event: &EventState,
    index: TicketTypeIndex,
    ticket_type: &TicketType,
    count: u32,
) -> Result<(), Rejection> {
    let counts = event.ticket_type_counts()[usize::from(index.0)];
    let left = counts.get(SeatStatus::Available);
    // Without a quota the event's own capacity is the limit, which the spots themselves tell.
    if ticket_type.quota.is_none() || count <= left {
        return Ok(());
    }
    let might_come_free = count <= left.saturating_add(counts.get(SeatStatus::Held));
    let retry = if might_come_free { Retry::Later } else { Retry::Never };
    let rejection = Rejection::never(RejectionCode::QuotaExceeded).with_retry(retry);
    Err(rejection.with_ticket_type(index).with_could_have(left))
}

fn check_quantity(wish: &BestAvailable) -> Result<u32, Rejection> {
    // A type for nobody asks for nothing, and as many as one likes of them would cost time.
    let is_for_nobody = wish.ticket_types.iter().any(|&(_, count)| count == 0);
    match wish.quantity {
        _ if is_for_nobody => Err(Rejection::never(RejectionCode::SelectionEmpty)),
        0 => Err(Rejection::never(RejectionCode::SelectionEmpty)),
        quantity if quantity as usize > HOLD_SEATS_MAX => {
            let rejection = Rejection::never(RejectionCode::SelectionTooLarge);
            Err(rejection.with_could_have(HOLD_SEATS_MAX as u32))
        }
        quantity => Ok(quantity),
    }
}

/// `EventClosed`, `SaleNotOpen`, `SaleClosed`.
fn check_sale_window(event: &EventState, now: Timestamp) -> Result<(), Rejection> {
    if event.closed_at.is_some() {
        return Err(Rejection::never(RejectionCode::EventClosed));
    }
    if let Some(opens_at) = event.rules.sale_opens_at.filter(|&opens_at| now < opens_at) {
        let rejection = Rejection::never(RejectionCode::SaleNotOpen);
        return Err(rejection.with_retry(Retry::At(opens_at)));
    }
    if event.rules.sale_closes_at.is_some_and(|closes_at| now >= closes_at) {
        return Err(Rejection::never(RejectionCode::SaleClosed));
    }
    Ok(())
}

fn check_buyer_limit(
    event: &EventState,
    buyer_id: &BuyerId,
    quantity: u32,
) -> Result<(), Rejection> {
    let left = event.buyer_spots_left(buyer_id);
    if quantity <= left {
        return Ok(());
    }
    Err(Rejection::never(RejectionCode::BuyerLimitExceeded).with_could_have(left))
}

fn choose(event: &EventState, wish: &BestAvailable) -> Result<Spots, Rejection> {
    let seats = best_available::find(event, wish).map_err(|longest| {
        let might_come_free = best_available::might_come_free(event, wish);
        let retry = if might_come_free { Retry::Later } else { Retry::Never };
        let rejection = Rejection::never(RejectionCode::NotEnoughTogether);
        rejection.with_retry(retry).with_could_have(longest)
    })?;
    // From the first seat to the last, each type as often as wished.
    let counted = wish.ticket_types.iter();
    let types = counted.flat_map(|&(index, count)| std::iter::repeat_n(index, count as usize));
    let types = types.map(Some).chain(std::iter::repeat(None));
    let seats = seats.into_iter().zip(types);
    let seats = seats.map(|(seat, ticket_type)| SeatSpot { seat, ticket_type }).collect();
    Ok(Spots { seats, areas: Vec::new() })
}

#[cfg(test)]
pub(super) mod tests;
