//! The first part: the record alone. Answers that cannot all be true.
//!
//! Order is taken from our own clock and nothing else. What was acknowledged is known to be
//! true from the answer's arrival on, and a request can have taken effect no sooner than it was
//! sent; a hold is therefore surely alive from the answer that acknowledged it to its deadline
//! or the first moment at which anything was sent that could end it, and a sale until the first
//! moment at which anything was sent that could bring it back.

mod pools;

use std::collections::{BTreeMap, HashMap};

use super::{Findings, Kind, entry_evidence};
use crate::clock::millis;
use crate::ids::{AllocationId, HoldId, RequestId};
use crate::layout::Layout;
use crate::record::Entry;
use crate::request::{Answer, Verb};
use crate::spots::Spots;

/// What the record says of one hold.
#[derive(Debug, Default)]
pub(crate) struct HoldRecord<'a> {
    /// The first answer that acknowledged it.
    pub(crate) placed: Option<&'a Entry>,
    /// The latest deadline that was acknowledged.
    pub(crate) deadline_millis: u64,
    /// Whether an extension is in doubt, so that the deadline may be later.
    pub(crate) deadline_is_open: bool,
    /// When each seat could first have been given back by a request of ours.
    released_micros: HashMap<u32, u64>,
    /// When anything of it could first have been given back.
    pub(crate) first_release_micros: Option<u64>,
    /// What of it was acknowledged as sold, and what as given back.
    pub(crate) allocated: Vec<(AllocationId, &'a Spots)>,
    pub(crate) released: Vec<&'a Spots>,
    /// Whether any release or allocation of it is in doubt.
    pub(crate) end_is_open: bool,
}

/// What the record says of one sale.
#[derive(Debug, Default)]
pub(crate) struct SaleRecord<'a> {
    /// The first answer that acknowledged it.
    pub(crate) sold: Option<&'a Entry>,
    /// When each seat could first have been brought back alone, and when all of it could.
    returned_micros: HashMap<u32, u64>,
    all_returned_micros: Option<u64>,
    /// When anything of it could first have been brought back.
    pub(crate) first_return_micros: Option<u64>,
    /// What was acknowledged as brought back.
    pub(crate) returned: Vec<&'a Spots>,
    /// Whether a return of it is in doubt.
    pub(crate) end_is_open: bool,
}

/// Whether a seat that was sold still is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Standing {
    /// Every sale of it was brought back.
    Back,
    /// Nobody knows whether its last sale was brought back.
    Doubtful,
    Sold,
}

/// The record, sorted out.
#[derive(Debug, Default)]
pub(crate) struct Books<'a> {
    /// Entries by request, in the order in which their answers came.
    pub(crate) by_request: BTreeMap<RequestId, Vec<&'a Entry>>,
    pub(crate) holds: BTreeMap<HoldId, HoldRecord<'a>>,
    pub(crate) allocations: BTreeMap<AllocationId, SaleRecord<'a>>,
    /// Acknowledged allocations of each seat: the first answer of each.
    pub(crate) sales: BTreeMap<u32, Vec<(AllocationId, &'a Entry)>>,
    /// Requests whose last word is that nothing is known.
    pub(crate) unresolved: Vec<&'a Entry>,
}

impl<'a> Books<'a> {
    pub(crate) fn new(entries: &'a [Entry]) -> Self {
        let mut books = Self::default();
        for entry in entries {
            books.by_request.entry(entry.request.id).or_default().push(entry);
        }
        let requests = std::mem::take(&mut books.by_request);
        for sendings in requests.values() {
            books.enter(sendings);
        }
        books.by_request = requests;
        books
    }

    /// Whether a seat that was sold still is; `None` if its sale was never acknowledged.
    pub(crate) fn standing(&self, seat: u32) -> Option<Standing> {
        let sales = self.sales.get(&seat)?.iter();
        let standings = sales.filter_map(|(allocation_id, _)| self.allocations.get(allocation_id));
        standings.map(|sale| sale.standing(seat)).max()
    }

    /// Enters one request: what it did, or what it may have done.
    fn enter(&mut self, sendings: &[&'a Entry]) {
        let Some(first) = sendings.first() else { return };
        let sent_micros = sendings.iter().map(|entry| entry.sent_micros).min().unwrap_or(0);
        let accepted = sendings.iter().find(|entry| entry.answer.is_accepted());
        let in_doubt = sendings.iter().any(|entry| entry.answer == Answer::Unknown);
        if let Some(accepted) = accepted {
            self.enter_accepted(accepted, sent_micros);
        } else if in_doubt {
            // A later refusal may be the answer to what was done under a hold that ended since.
            self.unresolved.push(first);
            if let Verb::Return(allocation_id, part) = &first.request.verb {
                let sale = self.allocations.entry(*allocation_id).or_default();
                sale.end_is_open = true;
                sale.may_return(part.as_ref(), sent_micros);
            }
            let Some(hold_id) = first.request.hold_id() else { return };
            let hold = self.holds.entry(hold_id).or_default();
            match &first.request.verb {
                Verb::Extend(_) => hold.deadline_is_open = true,
                Verb::Allocate(..) => hold.end_is_open = true,
                Verb::Release(_, part) => {
                    hold.end_is_open = true;
                    hold.may_release(part.as_ref().map(|spots| &*spots.seats), sent_micros);
                }
                Verb::Place(_) | Verb::Return(..) => {}
            }
        }
    }

    fn enter_accepted(&mut self, entry: &'a Entry, sent_micros: u64) {
        match &entry.answer {
            Answer::Placed { hold_id, deadline_millis, .. } => {
                let hold = self.holds.entry(*hold_id).or_default();
                hold.placed = Some(entry);
                hold.deadline_millis = hold.deadline_millis.max(*deadline_millis);
            }
            Answer::Extended { hold_id, deadline_millis, .. } => {
                let hold = self.holds.entry(*hold_id).or_default();
                hold.deadline_millis = hold.deadline_millis.max(*deadline_millis);
            }
            Answer::Released { hold_id, spots, .. } => {
                let hold = self.holds.entry(*hold_id).or_default();
                hold.released.push(spots);
                hold.may_release(Some(&spots.seats), sent_micros);
            }
            Answer::Allocated { hold_id, allocation_id, spots, .. } => {
                let hold = self.holds.entry(*hold_id).or_default();
                hold.allocated.push((*allocation_id, spots));
                self.allocations.entry(*allocation_id).or_default().sold = Some(entry);
                for seat in &spots.seats {
                    self.sales.entry(*seat).or_default().push((*allocation_id, entry));
                }
            }
            Answer::Returned { allocation_id, spots, .. } => {
                let sale = self.allocations.entry(*allocation_id).or_default();
                sale.returned.push(spots);
                sale.may_return(Some(spots), sent_micros);
            }
            _ => {}
        }
    }
}

impl SaleRecord<'_> {
    /// This part, or all, may be free from this time on.
    fn may_return(&mut self, part: Option<&Spots>, sent_micros: u64) {
        earlier(&mut self.first_return_micros, sent_micros);
        match part {
            None => earlier(&mut self.all_returned_micros, sent_micros),
            Some(spots) => {
                for seat in &spots.seats {
                    let earliest = self.returned_micros.entry(*seat).or_insert(sent_micros);
                    *earliest = (*earliest).min(sent_micros);
                }
            }
        }
    }

    /// From when on the seat may be somebody else's.
    fn seat_back_micros(&self, seat: u32) -> Option<u64> {
        let alone = self.returned_micros.get(&seat).copied();
        alone.into_iter().chain(self.all_returned_micros).min()
    }

    fn standing(&self, seat: u32) -> Standing {
        if self.returned.iter().any(|spots| spots.seats.contains(&seat)) {
            return Standing::Back;
        }
        match self.seat_back_micros(seat) {
            Some(_) => Standing::Doubtful,
            None => Standing::Sold,
        }
    }
}

impl HoldRecord<'_> {
    /// These seats and whatever places, or all, may be free from this time on.
    fn may_release(&mut self, seats: Option<&[u32]>, sent_micros: u64) {
        earlier(&mut self.first_release_micros, sent_micros);
        let all = self.placed.map_or_else(Vec::new, |placed| placed.answer.seats().to_vec());
        // Entered before its hold, a release of all is caught by `end_is_open` below.
        for seat in seats.unwrap_or(&all) {
            let earliest = self.released_micros.entry(*seat).or_insert(sent_micros);
            *earliest = (*earliest).min(sent_micros);
        }
    }

    /// Whether all that it was placed with was acknowledged as sold or given back.
    pub(crate) fn is_used_up(&self) -> bool {
        let placed = self.placed.map_or(0, |placed| placed.answer.spots().map_or(0, Spots::count));
        let sold = self.allocated.iter().map(|(_, spots)| spots.count());
        let gone: u64 = sold.chain(self.released.iter().map(|spots| spots.count())).sum();
        gone >= placed
    }

    /// When the seat surely belonged to this hold, or to who bought it out of this hold, and to
    /// nobody else.
    fn surely_alive(&self, seat: u32, books: &Books<'_>, slack_micros: u64) -> Option<(u64, u64)> {
        let from = self.placed?.received_micros;
        let sale = self.allocated.iter().find(|(_, spots)| spots.seats.contains(&seat));
        if let Some((allocation_id, _)) = sale {
            let sale = books.allocations.get(allocation_id);
            let back_micros = sale.and_then(|sale| sale.seat_back_micros(seat));
            let until = back_micros.map_or(u64::MAX, |back| back.saturating_sub(slack_micros));
            return (from < until).then_some((from, until));
        }
        if self.end_is_open && !self.released_micros.contains_key(&seat) {
            return None;
        }
        let deadline_micros = (self.deadline_millis * 1_000).saturating_sub(slack_micros);
        let until = self.released_micros.get(&seat).map_or(deadline_micros, |released_micros| {
            deadline_micros.min(released_micros.saturating_sub(slack_micros))
        });
        (from < until).then_some((from, until))
    }
}

fn earlier(earliest: &mut Option<u64>, micros: u64) {
    *earliest = Some(earliest.map_or(micros, |earliest| earliest.min(micros)));
}

/// Looks for answers that cannot all be true.
pub(crate) fn audit(
    books: &Books<'_>,
    layout: &Layout,
    clock_slack_micros: u64,
    findings: &mut Findings,
) {
    one_answer_a_request(books, findings);
    one_sale_a_seat(books, findings);
    one_hold_a_seat(books, clock_slack_micros, findings);
    pools::never_oversold(books, layout, clock_slack_micros, findings);
    nothing_accepted_late(books, clock_slack_micros, findings);
}

fn one_answer_a_request(books: &Books<'_>, findings: &mut Findings) {
    for sendings in books.by_request.values() {
        let mut accepted = sendings.iter().filter(|entry| entry.answer.is_accepted());
        let Some(first) = accepted.next() else { continue };
        for other in accepted.filter(|other| other.answer != first.answer) {
            findings.add(
                Kind::AnswerDiffers,
                None,
                "the same request was sent twice and done in two ways",
                vec![entry_evidence(first), entry_evidence(other)],
            );
        }
        // Sent after the answer was here, so decided after the request had been done.
        let later = sendings.iter().filter(|entry| entry.sent_micros > first.received_micros);
        for later in later.filter(|entry| matches!(entry.answer, Answer::Rejected(_))) {
            findings.add(
                Kind::AnswerForgotten,
                None,
                "a request that had been done was refused when it came again",
                vec![entry_evidence(first), entry_evidence(later)],
            );
        }
    }
}

/// A seat is sold again only if its sale before could have been brought back by then.
fn one_sale_a_seat(books: &Books<'_>, findings: &mut Findings) {
    let could_be_back = |allocation_id: &AllocationId, seat: u32, other: &Entry| {
        let sale = books.allocations.get(allocation_id);
        let back_micros = sale.and_then(|sale| sale.seat_back_micros(seat));
        back_micros.is_some_and(|back_micros| back_micros < other.received_micros)
    };
    for (seat, sales) in &books.sales {
        let mut sales = sales.clone();
        sales.sort_by_key(|(_, entry)| entry.received_micros);
        for pair in sales.windows(2) {
            let [(first_id, first), (other_id, other)] = pair else { continue };
            let is_in_turn =
                could_be_back(first_id, *seat, other) || could_be_back(other_id, *seat, first);
            if first_id != other_id && !is_in_turn {
                findings.add(
                    Kind::SoldTwice,
                    Some(*seat),
                    "two allocations of this seat were acknowledged",
                    vec![entry_evidence(first), entry_evidence(other)],
                );
            }
        }
    }
}

fn one_hold_a_seat(books: &Books<'_>, slack_micros: u64, findings: &mut Findings) {
    let mut lives: BTreeMap<u32, Vec<(u64, u64, &Entry)>> = BTreeMap::new();
    for hold in books.holds.values() {
        let Some(placed) = hold.placed else { continue };
        for seat in placed.answer.seats() {
            if let Some((from, until)) = hold.surely_alive(*seat, books, slack_micros) {
                lives.entry(*seat).or_default().push((from, until, placed));
            }
        }
    }
    for (seat, mut lives) in lives {
        lives.sort_unstable_by_key(|(from, until, _)| (*from, *until));
        let mut longest: Option<(u64, &Entry)> = None;
        for (from, until, placed) in lives {
            if let Some((_, first)) = longest.filter(|(longest_until, _)| from < *longest_until) {
                findings.add(
                    Kind::HeldTwice,
                    Some(seat),
                    "two holds have this seat at the same time, or one has it after its sale",
                    vec![entry_evidence(first), entry_evidence(placed)],
                );
            }
            if longest.is_none_or(|(longest_until, _)| until > longest_until) {
                longest = Some((until, placed));
            }
        }
    }
}

fn nothing_accepted_late(books: &Books<'_>, slack_micros: u64, findings: &mut Findings) {
    for sendings in books.by_request.values() {
        let Some(accepted) = sendings.iter().find(|entry| entry.answer.is_accepted()) else {
            continue;
        };
        if !matches!(accepted.request.verb, Verb::Allocate(..)) {
            continue;
        }
        let hold = accepted.request.hold_id().and_then(|hold_id| books.holds.get(&hold_id));
        let Some(hold) = hold.filter(|hold| hold.placed.is_some() && !hold.deadline_is_open) else {
            continue;
        };
        // A sending again gets the first answer again, however late it comes.
        let first_sent_micros = sendings.iter().map(|entry| entry.sent_micros).min().unwrap_or(0);
        if first_sent_micros > hold.deadline_millis * 1_000 + slack_micros {
            let late = millis(first_sent_micros) - hold.deadline_millis;
            let placed = hold.placed.map(entry_evidence);
            findings.add(
                Kind::AcceptedLate,
                None,
                format!("a payment sent {late} ms after the hold's deadline was accepted"),
                placed.into_iter().chain([entry_evidence(accepted)]).collect(),
            );
        }
    }
}

#[cfg(test)]
mod tests;
