//! One command a file: what it may be refused for, in the order of the checks, and what its
//! fact does to the state.

mod allocate;
mod block;
mod create_event;
mod expire;
mod extend;
mod place;
mod release;
#[path = "return.rs"]
mod return_;
mod unblock;

use crate::command::Part;
use crate::fact::SeatStatus;
use crate::ids::{BuyerId, EventId, HoldId, SeatIndex};
use crate::limits::HOLD_SEATS_MAX;
use crate::rejection::{Rejection, RejectionCode, Retry, SeatConflict};
use crate::state::{EndedHold, Ending, EventState, Hold, HoldStory, SeatState, ShardState};
use crate::time::Timestamp;

impl ShardState {
    /// An event, or `EventUnknown`.
    fn known_event(&self, event_id: EventId) -> Result<&EventState, Rejection> {
        self.events.get(&event_id).ok_or_else(|| Rejection::never(RejectionCode::EventUnknown))
    }

    /// A hold that its buyer may still use, or `HoldUnknown`, `HoldExpired`, `HoldReleased`,
    /// `HoldAllocated`. A stranger learns no more than that there is no such hold.
    fn live_hold(
        &self,
        now: Timestamp,
        hold_id: HoldId,
        buyer_id: &BuyerId,
    ) -> Result<&Hold, Rejection> {
        let code = match self.hold(hold_id) {
            Some(HoldStory::Live(hold)) if hold.buyer_id == *buyer_id => {
                // The deadline binds even when the expiry fact has not been written yet.
                if hold.deadline > now {
                    return Ok(hold);
                }
                RejectionCode::HoldExpired
            }
            Some(HoldStory::Ended(hold)) if hold.buyer_id == *buyer_id => match hold.ending {
                Ending::Expired => RejectionCode::HoldExpired,
                Ending::Released => RejectionCode::HoldReleased,
                Ending::Allocated => RejectionCode::HoldAllocated,
            },
            _ => RejectionCode::HoldUnknown,
        };
        Err(Rejection::never(code))
    }

    /// Takes seats away from a live hold, which ends with its last seat; says whose they were.
    fn take_from_hold(
        &mut self,
        hold_id: HoldId,
        seats: &[SeatIndex],
        ending: Ending,
        at: Timestamp,
    ) -> BuyerId {
        let hold = self.holds.get_mut(&hold_id).expect("a fact names a live hold");
        hold.remove_from(&mut self.digest);
        let before = hold.seats.len();
        hold.seats.retain(|seat| !seats.contains(seat));
        assert_eq!(hold.seats.len() + seats.len(), before, "the hold had the fact's seats");
        let buyer_id = hold.buyer_id.clone();
        if !hold.seats.is_empty() {
            hold.add_to(&mut self.digest);
            return buyer_id;
        }
        self.deadlines.remove(&(hold.deadline, hold_id));
        let event_id = hold.event_id;
        self.holds.remove(&hold_id);
        let ended = EndedHold { id: hold_id, event_id, buyer_id: buyer_id.clone(), ending, at };
        self.ended_holds.remember(ended, &mut self.digest);
        buyer_id
    }
}

/// Up to here comparing each seat with each other is cheaper than sorting a copy.
const FEW_SEATS: usize = 16;

/// `SelectionEmpty`, `SelectionTooLarge`, `SeatRepeated`, in this order.
fn check_selection(
    event: &EventState,
    seats: &[SeatIndex],
    seats_max: usize,
) -> Result<(), Rejection> {
    if seats.is_empty() {
        return Err(Rejection::never(RejectionCode::SelectionEmpty));
    }
    if seats.len() > seats_max {
        let rejection = Rejection::never(RejectionCode::SelectionTooLarge);
        return Err(rejection.with_could_have(seats_max as u32));
    }
    if seats.len() <= FEW_SEATS && (1..seats.len()).all(|i| !seats[..i].contains(&seats[i])) {
        return Ok(());
    }
    let mut sorted = seats.to_vec();
    sorted.sort_unstable();
    let repeated = sorted.chunk_by(|a, b| a == b).filter(|same| same.len() > 1);
    let conflicts: Vec<SeatConflict> = repeated.map(|same| conflict(event, same[0])).collect();
    if conflicts.is_empty() {
        return Ok(());
    }
    Err(Rejection::never(RejectionCode::SeatRepeated).with_conflicts(conflicts))
}

/// Which of the seats are not in the state that a command needs; the first of `SeatUnknown` and
/// `unfit`, naming all of them.
fn check_states(
    event: &EventState,
    seats: &[SeatIndex],
    needed: SeatState,
    unfit: RejectionCode,
) -> Result<(), Rejection> {
    let conflicts = |is_conflict: fn(Option<SeatState>, SeatState) -> bool| {
        let seats = seats.iter().filter(|&&seat| is_conflict(event.seat(seat), needed));
        let named = seats.map(|&seat| conflict(event, seat));
        named.collect::<Vec<SeatConflict>>()
    };
    let unknown = conflicts(|state, _| state.is_none());
    if !unknown.is_empty() {
        return Err(Rejection::never(RejectionCode::SeatUnknown).with_conflicts(unknown));
    }
    let unfit_seats = conflicts(|state, needed| state != Some(needed));
    if unfit_seats.is_empty() {
        return Ok(());
    }
    // A held seat may come free by itself; a sold or blocked one needs somebody's decision, and
    // none becomes blocked by waiting.
    let all_held = unfit_seats.iter().all(|seat| seat.status == Some(SeatStatus::Held));
    let frees_itself = needed == SeatState::Available && all_held;
    let retry = if frees_itself { Retry::Later } else { Retry::Never };
    Err(Rejection::never(unfit).with_retry(retry).with_conflicts(unfit_seats))
}

/// The seats that a part means: `SelectionEmpty`, `SelectionTooLarge`, `SeatRepeated`, then
/// `missing` with the seats that the owner does not have.
fn resolve_part(
    event: &EventState,
    part: &Part,
    owned: &[SeatIndex],
    missing: RejectionCode,
) -> Result<Vec<SeatIndex>, Rejection> {
    let seats = match part {
        Part::Whole => return Ok(owned.to_vec()),
        Part::Seats(seats) => seats,
    };
    check_selection(event, seats, HOLD_SEATS_MAX)?;
    let strangers = seats.iter().filter(|seat| !owned.contains(seat));
    let conflicts: Vec<SeatConflict> = strangers.map(|&seat| conflict(event, seat)).collect();
    if conflicts.is_empty() {
        return Ok(seats.clone());
    }
    Err(Rejection::never(missing).with_conflicts(conflicts))
}

fn conflict(event: &EventState, seat: SeatIndex) -> SeatConflict {
    SeatConflict { seat, status: event.seat(seat).map(SeatState::status) }
}

#[cfg(test)]
mod tests;
