//! One command a file: what it may be refused for, in the order of the checks, and what its
//! fact does to the state.

mod allocate;
mod block;
mod close_event;
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
use crate::ids::{AreaIndex, BuyerId, EventId, HoldId, SeatIndex};
use crate::limits::{AREA_LINES_MAX, HOLD_SEATS_MAX};
use crate::rejection::{AreaConflict, Rejection, RejectionCode, Retry, SeatConflict};
use crate::spots::{AreaPlaces, Spots};
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

    /// Takes spots away from a live hold, which ends with its last one; says whose they were.
    fn take_from_hold(
        &mut self,
        hold_id: HoldId,
        spots: &Spots,
        ending: Ending,
        at: Timestamp,
    ) -> BuyerId {
        let hold = self.holds.get_mut(&hold_id).expect("a fact names a live hold");
        hold.remove_from(&mut self.digest);
        assert!(hold.spots.take(spots), "the hold had the fact's spots");
        let buyer_id = hold.buyer_id.clone();
        if !hold.spots.is_empty() {
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
    seats: impl ExactSizeIterator<Item = SeatIndex> + Clone,
    areas: &[AreaPlaces],
    seats_max: usize,
) -> Result<(), Rejection> {
    let is_for_nobody = areas.iter().any(|places| places.count == 0);
    if is_for_nobody || (seats.len() == 0 && areas.is_empty()) {
        return Err(Rejection::never(RejectionCode::SelectionEmpty));
    }
    if seats.len() > seats_max {
        let rejection = Rejection::never(RejectionCode::SelectionTooLarge);
        return Err(rejection.with_could_have(seats_max as u32));
    }
    // How many lines are possible says nothing of how many places are.
    if areas.len() > AREA_LINES_MAX {
        return Err(Rejection::never(RejectionCode::SelectionTooLarge));
    }
    let conflicts = repeated_seats(event, seats);
    let repeated = (1..areas.len()).filter(|&position| {
        let key = |places: &AreaPlaces| (places.area, places.ticket_type);
        areas[..position].iter().any(|before| key(before) == key(&areas[position]))
    });
    let repeated_areas: Vec<_> = repeated.map(|at| area_conflict(event, areas[at].area)).collect();
    if conflicts.is_empty() && repeated_areas.is_empty() {
        return Ok(());
    }
    let rejection = Rejection::never(RejectionCode::SeatRepeated);
    Err(rejection.with_conflicts(conflicts).with_areas(each_once(repeated_areas)))
}

fn repeated_seats(
    event: &EventState,
    seats: impl ExactSizeIterator<Item = SeatIndex> + Clone,
) -> Vec<SeatConflict> {
    let is_repeated = |(position, seat)| seats.clone().take(position).any(|other| other == seat);
    if seats.len() <= FEW_SEATS && !seats.clone().enumerate().any(is_repeated) {
        return Vec::new();
    }
    let mut sorted: Vec<SeatIndex> = seats.clone().collect();
    sorted.sort_unstable();
    let repeated = sorted.chunk_by(|a, b| a == b).filter(|same| same.len() > 1);
    repeated.map(|same| conflict(event, same[0])).collect()
}

/// `SeatUnknown`, naming all seats that are not there, then `AreaUnknown`.
fn check_known(event: &EventState, spots: &Spots) -> Result<(), Rejection> {
    let unknown = spots.seat_indexes().filter(|&seat| event.seat(seat).is_none());
    let conflicts: Vec<_> = unknown.map(|seat| conflict(event, seat)).collect();
    if !conflicts.is_empty() {
        return Err(Rejection::never(RejectionCode::SeatUnknown).with_conflicts(conflicts));
    }
    check_areas_known(event, &spots.areas)
}

/// `AreaUnknown`, naming all areas that are not there.
fn check_areas_known(event: &EventState, areas: &[AreaPlaces]) -> Result<(), Rejection> {
    let unknown = areas.iter().filter(|places| event.area_counts(places.area).is_none());
    let conflicts: Vec<_> = unknown.map(|places| area_conflict(event, places.area)).collect();
    if conflicts.is_empty() {
        return Ok(());
    }
    Err(Rejection::never(RejectionCode::AreaUnknown).with_areas(each_once(conflicts)))
}

/// `TableNotWhole`, naming the seats that are missing of tables that are sold as a whole.
fn check_tables(
    event: &EventState,
    seats: impl Iterator<Item = SeatIndex> + Clone,
) -> Result<(), Rejection> {
    if !event.chart.has_whole_tables() {
        return Ok(());
    }
    let mut tables: Vec<_> =
        seats.clone().filter_map(|seat| event.chart.seat_place(seat)?.whole_table).collect();
    if tables.is_empty() {
        return Ok(());
    }
    tables.sort_unstable();
    tables.dedup();
    let mut named: Vec<SeatIndex> = seats.collect();
    named.sort_unstable();
    let all = tables.iter().flat_map(|&table| event.chart.table_seats(table));
    let missing = all.filter(|seat| named.binary_search(seat).is_err());
    let conflicts: Vec<_> = missing.map(|&seat| conflict(event, seat)).collect();
    if conflicts.is_empty() {
        return Ok(());
    }
    Err(Rejection::never(RejectionCode::TableNotWhole).with_conflicts(conflicts))
}

/// Which spots are not in the state that a command needs: `unfit` naming all of the seats, then
/// `scarce` naming the areas that do not have as many places.
fn check_states(
    event: &EventState,
    spots: &Spots,
    needed: SeatState,
    (unfit, scarce): (RejectionCode, RejectionCode),
) -> Result<(), Rejection> {
    let unfit_seats = spots.seat_indexes().filter(|&seat| event.seat(seat) != Some(needed));
    let unfit_seats: Vec<_> = unfit_seats.map(|seat| conflict(event, seat)).collect();
    // A held seat may come free by itself; a sold or blocked one needs somebody's decision, and
    // none becomes blocked by waiting.
    let mut might_fit_later = needed == SeatState::Available
        && unfit_seats.iter().all(|seat| seat.status == Some(SeatStatus::Held));
    let mut scarce_areas = Vec::new();
    for &AreaPlaces { area, .. } in &spots.areas {
        let Some(counts) = event.area_counts(area) else { continue };
        let wanted = spots.places_where(|places| places.area == area);
        let fitting = counts.get(needed.status());
        if wanted > fitting {
            scarce_areas.push(AreaConflict { area, could_have: Some(fitting) });
            might_fit_later &= wanted <= fitting.saturating_add(counts.get(SeatStatus::Held));
        }
    }
    let retry = if might_fit_later { Retry::Later } else { Retry::Never };
    if !unfit_seats.is_empty() {
        return Err(Rejection::never(unfit).with_retry(retry).with_conflicts(unfit_seats));
    }
    if !scarce_areas.is_empty() {
        let rejection = Rejection::never(scarce).with_retry(retry);
        return Err(rejection.with_areas(each_once(scarce_areas)));
    }
    Ok(())
}

/// The spots that a part means: `SelectionEmpty`, `SelectionTooLarge`, `SeatRepeated`, then
/// `missing` with the seats and areas that the owner does not have, then `TableNotWhole`.
fn resolve_part(
    event: &EventState,
    part: &Part,
    owned: &Spots,
    missing: RejectionCode,
) -> Result<Spots, Rejection> {
    let (seats, areas) = match part {
        Part::Whole => return Ok(owned.clone()),
        Part::Spots { seats, areas } => (seats, areas),
    };
    check_selection(event, seats.iter().copied(), areas, HOLD_SEATS_MAX)?;
    let find = |seat: SeatIndex| owned.seats.iter().find(|spot| spot.seat == seat).copied();
    let strangers = seats.iter().filter(|&&seat| find(seat).is_none());
    let conflicts: Vec<SeatConflict> = strangers.map(|&seat| conflict(event, seat)).collect();
    let has = |places: &AreaPlaces| owned.places(places.area, places.ticket_type).unwrap_or(0);
    let too_many = areas.iter().filter(|places| places.count > has(places));
    let too_many = too_many.map(|places| {
        let is_known = event.area_counts(places.area).is_some();
        AreaConflict { area: places.area, could_have: is_known.then_some(has(places)) }
    });
    let too_many: Vec<AreaConflict> = too_many.collect();
    if !conflicts.is_empty() || !too_many.is_empty() {
        return Err(Rejection::never(missing).with_conflicts(conflicts).with_areas(too_many));
    }
    check_tables(event, seats.iter().copied())?;
    let seats = seats.iter().filter_map(|&seat| find(seat)).collect();
    Ok(Spots { seats, areas: areas.clone() })
}

/// The same, an area that stands on several lines only once.
fn each_once(areas: Vec<AreaConflict>) -> Vec<AreaConflict> {
    let mut once: Vec<AreaConflict> = Vec::with_capacity(areas.len());
    for conflict in areas {
        if !once.contains(&conflict) {
            once.push(conflict);
        }
    }
    once
}

fn area_conflict(event: &EventState, area: AreaIndex) -> AreaConflict {
    let counts = event.area_counts(area);
    AreaConflict { area, could_have: counts.map(|counts| counts.get(SeatStatus::Available)) }
}

fn conflict(event: &EventState, seat: SeatIndex) -> SeatConflict {
    SeatConflict { seat, status: event.seat(seat).map(SeatState::status) }
}

#[cfg(test)]
mod tests;
