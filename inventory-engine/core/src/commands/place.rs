//! Place a hold: explicit seats, or the best available, all or none.
//!
//! Refused, in this order: `EventUnknown`, `SelectionEmpty`, `SelectionTooLarge`,
//! `SeatRepeated`, `SeatUnknown`, `SaleNotOpen`, `SaleClosed`, `BuyerLimitExceeded`, then
//! `SeatsUnavailable` for explicit seats and `NotEnoughTogether` for best available.

use crate::best_available;
use crate::command::{BestAvailable, Place, Selection};
use crate::commands::{check_selection, check_states, conflict};
use crate::fact::{Change, Fact, SeatStatus};
use crate::ids::{BuyerId, HoldId, RequestId, SeatIndex};
use crate::limits::HOLD_SEATS_MAX;
use crate::rejection::{Rejection, RejectionCode, Retry};
use crate::state::{EventState, Hold, SeatState, ShardState};
use crate::time::Timestamp;

impl ShardState {
    pub(crate) fn decide_place(
        &self,
        now: Timestamp,
        request_id: RequestId,
        command: &Place,
    ) -> Result<Change, Rejection> {
        let event = self.known_event(command.event_id)?;
        let quantity = match &command.selection {
            Selection::Seats(seats) => {
                check_selection(event, seats, HOLD_SEATS_MAX)?;
                check_known(event, seats)?;
                seats.len()
            }
            Selection::BestAvailable(wish) => check_quantity(wish)?,
        };
        check_sale_window(event, now)?;
        check_buyer_limit(event, &command.buyer_id, quantity)?;
        let seats = match &command.selection {
            Selection::Seats(seats) => {
                let unavailable = RejectionCode::SeatsUnavailable;
                check_states(event, seats, SeatState::Available, unavailable)?;
                seats.clone()
            }
            Selection::BestAvailable(wish) => choose(event, wish)?,
        };
        Ok(Change::HoldPlaced {
            hold_id: HoldId::new(self.shard, self.last_lsn.next(), request_id),
            buyer_id: command.buyer_id.clone(),
            seats,
            deadline: now.plus_millis(event.rules.hold_ttl_millis),
        })
    }

    pub(crate) fn apply_hold_placed(
        &mut self,
        fact: &Fact,
        hold_id: HoldId,
        buyer_id: &BuyerId,
        seats: &[SeatIndex],
        deadline: Timestamp,
    ) {
        let event = self.events.get_mut(&fact.event_id).expect("the fact's event exists");
        assert_eq!(hold_id.lsn(), fact.lsn, "a hold is named by its fact");
        let held = SeatState::Held(fact.lsn);
        event.move_seats(seats, SeatState::Available, held, &mut self.digest);
        event.add_buyer_seats(buyer_id, seats.len());
        let hold = Hold {
            id: hold_id,
            event_id: fact.event_id,
            buyer_id: buyer_id.clone(),
            seats: seats.to_vec(),
            deadline,
            extensions: 0,
        };
        hold.add_to(&mut self.digest);
        self.deadlines.insert((deadline, hold_id));
        let before = self.holds.insert(hold_id, hold);
        assert!(before.is_none(), "a hold is placed once");
    }
}

fn check_known(event: &EventState, seats: &[SeatIndex]) -> Result<(), Rejection> {
    let unknown = seats.iter().filter(|&&seat| event.seat(seat).is_none());
    let conflicts: Vec<_> = unknown.map(|&seat| conflict(event, seat)).collect();
    if conflicts.is_empty() {
        return Ok(());
    }
    Err(Rejection::never(RejectionCode::SeatUnknown).with_conflicts(conflicts))
}

fn check_quantity(wish: &BestAvailable) -> Result<usize, Rejection> {
    match wish.quantity as usize {
        0 => Err(Rejection::never(RejectionCode::SelectionEmpty)),
        quantity if quantity > HOLD_SEATS_MAX => {
            let rejection = Rejection::never(RejectionCode::SelectionTooLarge);
            Err(rejection.with_could_have(HOLD_SEATS_MAX as u32))
        }
        quantity => Ok(quantity),
    }
}

fn check_sale_window(event: &EventState, now: Timestamp) -> Result<(), Rejection> {
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
    quantity: usize,
) -> Result<(), Rejection> {
    let left = event.buyer_seats_left(buyer_id);
    if quantity <= left as usize {
        return Ok(());
    }
    Err(Rejection::never(RejectionCode::BuyerLimitExceeded).with_could_have(left))
}

fn choose(event: &EventState, wish: &BestAvailable) -> Result<Vec<SeatIndex>, Rejection> {
    best_available::find(event, wish).map_err(|longest| {
        // Seats that others hold may come free.
        let any_held = event.counts().get(SeatStatus::Held) > 0;
        let retry = if any_held { Retry::Later } else { Retry::Never };
        let rejection = Rejection::never(RejectionCode::NotEnoughTogether);
        rejection.with_retry(retry).with_could_have(longest)
    })
}

#[cfg(test)]
pub(super) mod tests;
