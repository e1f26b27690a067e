//! Whether any order of one seat's operations explains what they were told: the search of Wing and
//! Gong with the memory of Lowe (Testing for linearizability, 2017), over a register that is
//! available, held until a deadline, or allocated.
//!
//! Time is part of it. A hold may run out by itself, at or after its deadline and never before, so
//! a configuration knows the earliest moment that it can have reached; of two with the same
//! operations and the same state the one that can be earlier is worth looking at, and the other is
//! not. A look at the state that fits is taken at once: it changes nothing, and waiting for it can
//! explain nothing more.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::history::{NEVER_MICROS, SeatStatus};

/// What an operation does to the seat, or sees of it. Holds and allocations are numbers of the
/// search's own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Does {
    /// It becomes held.
    Place { hold: u32, early: u64, late: u64 },
    /// Its hold lasts longer.
    Extend { hold: u32, early: u64, late: u64 },
    /// Its hold is given back.
    Release { hold: u32 },
    /// Its hold is sold.
    Allocate { hold: u32, allocation: u32 },
    /// It comes back from who bought it.
    Return { allocation: u32 },
    /// It is in this state.
    See { status: SeatStatus },
    /// This hold is over; `by_time` if it ran out.
    SeeHoldOver { hold: u32, by_time: bool },
    /// This allocation is over.
    SeeAllocationOver { allocation: u32 },
    /// What no state explains.
    SeeTheImpossible,
}

/// An operation on one seat.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct SeatOperation {
    pub(super) invoked: u64,
    /// [`NEVER_MICROS`] for one that may have taken effect at any time since, or never.
    pub(super) answered: u64,
    pub(super) does: Does,
}

/// What a seat is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Register {
    Available,
    /// It may run out from `early` on, and may be used until `late`.
    Held {
        hold: u32,
        early: u64,
        late: u64,
    },
    Allocated {
        hold: u32,
        allocation: u32,
    },
}

/// What came of a search.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Found {
    /// There is an order.
    Order,
    /// There is none. The longest that there is leads to this state, and then fits no more.
    None { order: Vec<usize>, register: Register, stuck: usize },
    /// There were too many configurations.
    TooMany,
}

/// A configuration: where the register is, and no sooner than when.
type Place = (Register, u64);

/// The operation on a register, no sooner than `floor`; `None` if it cannot be.
fn step((register, floor): Place, operation: &SeatOperation) -> Option<Place> {
    let at = floor.max(operation.invoked);
    let in_time = |place: Place| (place.1 <= operation.answered).then_some(place);
    if let Some(next) = step_at(register, operation.does) {
        let is_late = uses_hold(operation.does)
            && matches!(register, Register::Held { late, .. } if at > late);
        return (!is_late).then_some((next, at)).and_then(in_time);
    }
    // It fits behind the end of a hold that ran out.
    let Register::Held { hold, early, .. } = register else { return None };
    let ran_out = (Register::Available, at.max(early));
    let next = match operation.does {
        // Nothing more can be done with it, though the fact of its end may come later.
        Does::SeeHoldOver { hold: of, .. } if of == hold => {
            Register::Held { hold, early: 0, late: 0 }
        }
        does => step_at(ran_out.0, does)?,
    };
    in_time((next, ran_out.1))
}

fn uses_hold(does: Does) -> bool {
    matches!(does, Does::Extend { .. } | Does::Release { .. } | Does::Allocate { .. })
}

fn step_at(register: Register, does: Does) -> Option<Register> {
    use Register::{Allocated, Available, Held};
    let next = match (does, register) {
        (Does::Place { hold, early, late }, Available) => Held { hold, early, late },
        (Does::Extend { hold: of, early, late }, Held { hold, .. }) if of == hold => {
            Held { hold, early, late }
        }
        (Does::Release { hold: of }, Held { hold, .. }) if of == hold => Available,
        (Does::Allocate { hold: of, allocation }, Held { hold, .. }) if of == hold => {
            Allocated { hold, allocation }
        }
        (Does::Return { allocation: of }, Allocated { allocation, .. }) if of == allocation => {
            Available
        }
        (Does::See { status: SeatStatus::Available }, Available)
        | (Does::See { status: SeatStatus::Held }, Held { .. })
        | (Does::See { status: SeatStatus::Allocated }, Allocated { .. }) => register,
        (Does::SeeHoldOver { hold: of, .. }, Held { hold, early: 0, .. }) if of == hold => register,
        (Does::SeeHoldOver { hold: of, .. }, Held { hold, .. }) if of != hold => register,
        (Does::SeeHoldOver { hold: of, by_time }, Allocated { hold, .. })
            if of != hold || !by_time =>
        {
            register
        }
        (Does::SeeHoldOver { .. } | Does::SeeAllocationOver { .. }, Available)
        | (Does::SeeAllocationOver { .. }, Held { .. }) => register,
        (Does::SeeAllocationOver { allocation: of }, Allocated { allocation, .. })
            if of != allocation =>
        {
            register
        }
        _ => return None,
    };
    Some(next)
}

/// Calls and returns in time, as a list from which operations are taken and into which they are
/// put back.
struct Timeline {
    /// Each entry: an operation, and whether this is its return.
    entries: Vec<(usize, bool)>,
    next: Vec<usize>,
    previous: Vec<usize>,
    calls: Vec<usize>,
    returns: Vec<usize>,
}

impl Timeline {
    fn new(operations: &[SeatOperation]) -> Self {
        let mut entries: Vec<(usize, bool)> = Vec::with_capacity(operations.len() * 2);
        for index in 0..operations.len() {
            entries.extend([(index, false), (index, true)]);
        }
        // What happens in the same microsecond is at the same time: calls come first.
        entries.sort_by_key(|&(index, is_return)| {
            let operation = &operations[index];
            let at = if is_return { operation.answered } else { operation.invoked };
            (at, is_return)
        });
        // Entry 0 is the head.
        let count = entries.len();
        let (mut calls, mut returns) = (vec![0; operations.len()], vec![0; operations.len()]);
        for (position, &(index, is_return)) in entries.iter().enumerate() {
            let places = if is_return { &mut returns } else { &mut calls };
            places[index] = position + 1;
        }
        let next = (1..=count + 1).collect();
        let previous = (0..=count + 1).map(|at: usize| at.saturating_sub(1)).collect();
        Self { entries, next, previous, calls, returns }
    }

    fn first(&self) -> usize {
        self.next[0]
    }

    /// The entry at a place; `None` behind the last.
    fn at(&self, place: usize) -> Option<(usize, bool)> {
        self.entries.get(place - 1).copied()
    }

    fn take(&mut self, operation: usize) {
        for place in [self.calls[operation], self.returns[operation]] {
            let (previous, next) = (self.previous[place], self.next[place]);
            self.next[previous] = next;
            self.previous[next] = previous;
        }
    }

    fn put_back(&mut self, operation: usize) {
        for place in [self.returns[operation], self.calls[operation]] {
            let (previous, next) = (self.previous[place], self.next[place]);
            self.next[previous] = place;
            self.previous[next] = place;
        }
    }
}

/// One operation that was taken.
struct Taken {
    operation: usize,
    before: Place,
    /// There was nothing else worth trying in its place.
    is_forced: bool,
}

/// Looks for an order in which a seat that is available at first could do all of these.
pub(super) fn search(operations: &[SeatOperation], configurations_max: usize) -> Found {
    let mut timeline = Timeline::new(operations);
    let mut left = operations.iter().filter(|of| of.answered != NEVER_MICROS).count();
    let mut place: Place = (Register::Available, 0);
    let mut done = vec![0_u64; operations.len().div_ceil(64)];
    let mut seen: HashMap<(Vec<u64>, Register), u64> = HashMap::new();
    let mut taken: Vec<Taken> = Vec::new();
    let mut longest: Option<(Vec<usize>, Register, usize)> = None;
    let mut at = timeline.first();
    while left > 0 {
        let Some((index, is_return)) = timeline.at(at) else { break };
        if is_return {
            // It has to have happened by now, and nothing that could be taken makes it fit.
            if longest.as_ref().is_none_or(|(order, ..)| taken.len() > order.len()) {
                let order = taken.iter().map(|taken| taken.operation).collect();
                longest = Some((order, place.0, index));
            }
            let Some(next) = undo(&mut timeline, &mut taken, &mut place, |operation| {
                done[operation / 64] ^= 1 << (operation % 64);
                left += usize::from(operations[operation].answered != NEVER_MICROS);
            }) else {
                let (order, register, stuck) = longest.unwrap_or((Vec::new(), place.0, index));
                return Found::None { order, register, stuck };
            };
            at = next;
            continue;
        }
        let Some(next) = step(place, &operations[index]) else {
            at = timeline.next[at];
            continue;
        };
        let is_forced = next.0 == place.0 && next.1 == place.1.max(operations[index].invoked);
        done[index / 64] ^= 1 << (index % 64);
        if !is_forced && !is_new(&mut seen, (done.clone(), next.0), next.1) {
            done[index / 64] ^= 1 << (index % 64);
            at = timeline.next[at];
            continue;
        }
        if seen.len() > configurations_max {
            return Found::TooMany;
        }
        taken.push(Taken { operation: index, before: place, is_forced });
        timeline.take(index);
        left -= usize::from(operations[index].answered != NEVER_MICROS);
        place = next;
        at = timeline.first();
    }
    Found::Order
}

/// Whether a configuration was not seen before at such an early moment.
fn is_new(
    seen: &mut HashMap<(Vec<u64>, Register), u64>,
    key: (Vec<u64>, Register),
    floor: u64,
) -> bool {
    match seen.entry(key) {
        Entry::Occupied(entry) if *entry.get() <= floor => false,
        Entry::Occupied(mut entry) => {
            entry.insert(floor);
            true
        }
        Entry::Vacant(entry) => {
            entry.insert(floor);
            true
        }
    }
}

/// Puts back what was taken last and could have been something else. Where to go on; `None` if
/// there was nothing else to try.
fn undo(
    timeline: &mut Timeline,
    taken: &mut Vec<Taken>,
    place: &mut Place,
    mut back: impl FnMut(usize),
) -> Option<usize> {
    loop {
        let last = taken.pop()?;
        timeline.put_back(last.operation);
        back(last.operation);
        *place = last.before;
        if !last.is_forced {
            return Some(timeline.next[timeline.calls[last.operation]]);
        }
    }
}
