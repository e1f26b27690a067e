//! Each seat's history alone, without LSNs and without the journal: some order of the operations
//! on it, each between when it was asked for and when it was answered, is one that a single seat
//! could have gone through.
//!
//! An operation on several seats is looked at on each of them by itself, which is necessary and not
//! sufficient: that all of them moved together is for the replay to say.

use std::collections::HashMap;

use super::replay::SeatKey;
use super::search::{Does, Found, SeatOperation, search};
use super::violation::{Kind, Violation};
use crate::history::{
    Accepted, AllocationId, Ask, Done, History, HoldId, NEVER_MICROS, Operation, Rejected, Said,
    SeatStatus, Sending, Terms,
};
use crate::limits::{QUOTED_OPERATIONS_MAX, SEARCH_CONFIGURATIONS_MAX, SEARCH_OPERATIONS_MAX};

/// What is known of ids before any seat is looked at.
#[derive(Debug, Default)]
struct Names {
    /// Each hold with its number, and the seats that it was placed with.
    holds: HashMap<HoldId, (u32, Vec<SeatKey>)>,
    /// Each allocation with its number, and its seats.
    allocations: HashMap<AllocationId, (u32, Vec<SeatKey>)>,
    /// The last number that was given out.
    last: u32,
}

/// The operations on each seat, with what to quote of each.
type Seats<'a> = HashMap<SeatKey, Vec<(SeatOperation, &'a Sending)>>;

pub(super) fn check(history: &History, operations: &[Operation<'_>]) -> Vec<Violation> {
    let mut names = Names::of(operations);
    let mut seats = Seats::new();
    for operation in operations {
        add_effect(operation, history.terms, &mut names, &mut seats);
        for sending in &operation.sendings {
            if let Said::Rejected(rejected) = &sending.said {
                add_refusal(sending, rejected, &names, &mut seats);
            }
        }
    }
    let mut seats: Vec<_> = seats.into_iter().collect();
    seats.sort_unstable_by_key(|(seat, _)| *seat);
    seats.iter().filter_map(|(seat, operations)| of_seat(*seat, operations)).collect()
}

impl Names {
    fn of(operations: &[Operation<'_>]) -> Self {
        let mut names = Self::default();
        let mut placed: HashMap<HoldId, Vec<SeatKey>> = HashMap::new();
        for operation in operations {
            let Some((_, accepted)) = operation.acknowledged() else { continue };
            if let (Ask::Place { event_id, .. }, Done::Placed { hold_id, .. }) =
                (operation.ask(), accepted.done)
            {
                let keys = accepted.seats.iter().map(|seat| (*event_id, *seat));
                placed.insert(hold_id, keys.collect());
            }
        }
        for operation in operations {
            let Some((_, accepted)) = operation.acknowledged() else { continue };
            if let Done::Allocated { hold_id, allocation_id } = accepted.done {
                let seats = placed.get(&hold_id).cloned().unwrap_or_default();
                let number = names.next();
                names.allocations.insert(allocation_id, (number, seats));
            }
        }
        for (hold_id, seats) in placed {
            let number = names.next();
            names.holds.insert(hold_id, (number, seats));
        }
        names
    }

    fn next(&mut self) -> u32 {
        self.last += 1;
        self.last
    }

    fn hold(&self, hold_id: HoldId) -> Option<(u32, &[SeatKey])> {
        self.holds.get(&hold_id).map(|(number, seats)| (*number, &seats[..]))
    }

    fn allocation(&self, allocation_id: AllocationId) -> Option<(u32, &[SeatKey])> {
        self.allocations.get(&allocation_id).map(|(number, seats)| (*number, &seats[..]))
    }
}

/// What a request did, or may have done.
fn add_effect<'a>(
    operation: &Operation<'a>,
    terms: Terms,
    names: &mut Names,
    seats: &mut Seats<'a>,
) {
    let (sending, accepted) = match (operation.acknowledged(), operation.in_doubt()) {
        (Some((sending, accepted)), _) => (sending, Some(accepted)),
        (None, Some(sending)) => (sending, None),
        (None, None) => return,
    };
    let invoked = match accepted {
        Some(_) => operation.invoked_micros(),
        None => sending.invoked_micros,
    };
    let answered = accepted.map_or(NEVER_MICROS, |_| sending.answered_micros);
    let early = (invoked + terms.hold_micros).saturating_sub(terms.early_slack_micros);
    let late = match terms.late_slack_micros {
        Some(slack) => answered.saturating_add(terms.hold_micros).saturating_add(slack),
        None => NEVER_MICROS,
    };
    let (does, keys) = effect(operation.ask(), accepted, (early, late), names);
    for key in keys {
        let entry = (SeatOperation { invoked, answered, does }, sending);
        seats.entry(key).or_default().push(entry);
    }
}

/// What one effect does to which seats.
fn effect(
    ask: &Ask,
    accepted: Option<&Accepted>,
    (early, late): (u64, u64),
    names: &mut Names,
) -> (Does, Vec<SeatKey>) {
    let of_hold = |names: &Names, hold_id| match names.hold(hold_id) {
        Some((hold, seats)) => (hold, seats.to_vec()),
        None => (0, Vec::new()),
    };
    match ask {
        Ask::Place { event_id, seats, .. } => {
            let known = accepted.and_then(|accepted| match accepted.done {
                Done::Placed { hold_id, .. } => names.hold(hold_id).map(|(hold, _)| hold),
                _ => None,
            });
            let hold = known.unwrap_or_else(|| names.next());
            let seats = accepted.map_or(seats, |accepted| &accepted.seats);
            let keys = seats.iter().map(|seat| (*event_id, *seat)).collect();
            (Does::Place { hold, early, late }, keys)
        }
        Ask::Extend { hold_id, .. } => {
            let (hold, keys) = of_hold(names, *hold_id);
            (Does::Extend { hold, early, late }, keys)
        }
        Ask::Release { hold_id, .. } => {
            let (hold, keys) = of_hold(names, *hold_id);
            (Does::Release { hold }, keys)
        }
        Ask::Allocate { hold_id, .. } => {
            let (hold, keys) = of_hold(names, *hold_id);
            let known = accepted.and_then(|accepted| match accepted.done {
                Done::Allocated { allocation_id, .. } => names.allocation(allocation_id),
                _ => None,
            });
            let known = known.map(|(allocation, _)| allocation);
            let allocation = known.unwrap_or_else(|| names.next());
            (Does::Allocate { hold, allocation }, keys)
        }
        Ask::Return { allocation_id, .. } => match names.allocation(*allocation_id) {
            Some((allocation, seats)) => (Does::Return { allocation }, seats.to_vec()),
            None => (Does::Return { allocation: 0 }, Vec::new()),
        },
    }
}

/// What a refusal says of each seat that it is about.
fn add_refusal<'a>(
    sending: &'a Sending,
    rejected: &Rejected,
    names: &Names,
    seats: &mut Seats<'a>,
) {
    let mut see = |key: SeatKey, does| {
        let (invoked, answered) = (sending.invoked_micros, sending.answered_micros);
        seats.entry(key).or_default().push((SeatOperation { invoked, answered, does }, sending));
    };
    match &*sending.ask {
        Ask::Place { event_id, seats: asked, .. } if rejected.reason == "seats_unavailable" => {
            for seat in asked {
                let named = rejected.conflicts.iter().find(|(of, _)| of == seat);
                let status = named.map_or(SeatStatus::Available, |(_, status)| *status);
                see((*event_id, *seat), Does::See { status });
            }
        }
        Ask::Place { .. } => {}
        Ask::Extend { hold_id, .. }
        | Ask::Release { hold_id, .. }
        | Ask::Allocate { hold_id, .. } => {
            let Some((hold, keys)) = names.hold(*hold_id) else { return };
            let does = match &*rejected.reason {
                "hold_expired" => Does::SeeHoldOver { hold, by_time: true },
                "hold_released" | "hold_allocated" => Does::SeeHoldOver { hold, by_time: false },
                "hold_unknown" => Does::SeeTheImpossible,
                _ => return,
            };
            keys.iter().for_each(|key| see(*key, does));
        }
        Ask::Return { allocation_id, .. } => {
            let Some((allocation, keys)) = names.allocation(*allocation_id) else { return };
            keys.iter().for_each(|key| see(*key, Does::SeeAllocationOver { allocation }));
        }
    }
}

fn of_seat(seat: SeatKey, operations: &[(SeatOperation, &Sending)]) -> Option<Violation> {
    let (event_id, index) = seat;
    let only: Vec<SeatOperation> = operations.iter().map(|(operation, _)| *operation).collect();
    let found = match only.len() <= SEARCH_OPERATIONS_MAX {
        true => search(&only, SEARCH_CONFIGURATIONS_MAX),
        false => Found::TooMany,
    };
    match found {
        Found::Order => None,
        Found::TooMany => {
            let count = only.len();
            let says = format!("seat {index} of event {event_id} has too many orders to look at");
            let quotes = vec![format!("{count} operations")];
            Some(Violation::new(Kind::Undecided, says, quotes))
        }
        Found::None { order, register, stuck } => {
            let says = format!(
                "no order of what was done to seat {index} of event {event_id} explains it: \
                 behind {} operations it is {register:?}, and the last of these does not fit",
                order.len()
            );
            let last = order.len().saturating_sub(QUOTED_OPERATIONS_MAX);
            let shown = order[last..].iter().chain([&stuck]);
            let quotes = shown.map(|&at| operations[at].1.to_string()).collect();
            Some(Violation::new(Kind::NotLinearizable, says, quotes))
        }
    }
}
