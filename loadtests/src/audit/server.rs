//! The second part: the record against the server, while it still runs.
//!
//! The server is asked as any caller could ask it: the seat map, its own counts, a sample of
//! holds one by one, and its verification of itself where the door has that question. What has
//! no seats of its own is held against it by its numbers (`server/pools.rs`).

mod pools;

use std::collections::HashSet;
use std::time::Duration;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::record::{Books, HoldRecord, Standing};
use super::{Evidence, Findings, Kind, Source, entry_evidence};
use crate::client::{HoldSeen, HoldStateSeen, ReadError, Reader, Totals};
use crate::clock::{Clock, millis};
use crate::ids::HoldId;
use crate::layout::Layout;
use crate::request::Verb;
use crate::seat_map::{ALLOCATED, View, status_name};

/// What the server said at the end.
#[derive(Debug)]
pub(crate) struct Testimony {
    pub(crate) view: View,
    /// What it counts itself.
    pub(crate) totals: Totals,
    /// When it was asked.
    pub(crate) at_millis: u64,
    /// A sample of the record's holds, and what the server knows of each.
    pub(crate) holds: Vec<(HoldId, Option<HoldSeen>)>,
    /// What it finds wrong with itself, if it could be asked.
    pub(crate) verification: Option<Vec<String>>,
}

/// Asks the server everything that the audit wants to know.
pub(crate) async fn question(
    reader: &Reader,
    layout: &Layout,
    clock: &Clock,
    books: &Books<'_>,
    sampled: usize,
    seed: u64,
) -> Result<Testimony, ReadError> {
    let at_millis = millis(clock.now_micros());
    let view = View::new(reader.stock(layout).await?, layout);
    let totals = reader.totals().await?;
    let placed = books.holds.iter().filter(|(_, hold)| hold.placed.is_some());
    let mut sample: Vec<HoldId> = placed.map(|(hold_id, _)| *hold_id).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (sample, _) = sample.partial_shuffle(&mut rng, sampled);
    let mut holds = Vec::with_capacity(sample.len());
    for hold_id in sample {
        holds.push((*hold_id, reader.hold(*hold_id, layout).await?));
    }
    let verification = reader.verify().await?;
    Ok(Testimony { view, totals, at_millis, holds, verification })
}

/// What the audit knows beside the record and the testimony.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances<'a> {
    pub(crate) layout: &'a Layout,
    /// The states of everything before the run.
    pub(crate) before: &'a View,
    /// Whether nobody but this run's buyers sold seats.
    pub(crate) is_alone: bool,
    pub(crate) expiry_slack: Duration,
}

/// Holds the testimony against the record.
pub(crate) fn audit(
    books: &Books<'_>,
    testimony: &Testimony,
    circumstances: Circumstances<'_>,
    findings: &mut Findings,
) {
    conservation(testimony, findings);
    pools::add_up(circumstances.layout, testimony, findings);
    sales_are_there(books, testimony, findings);
    pools::sales_are_there(books, testimony, circumstances, findings);
    if circumstances.is_alone {
        sales_are_known(books, testimony, circumstances.before, findings);
    }
    let slack_millis = circumstances.expiry_slack.as_millis() as u64;
    for (hold_id, seen) in &testimony.holds {
        if let Some(hold) = books.holds.get(hold_id) {
            hold_is_as_recorded(*hold_id, hold, seen.as_ref(), testimony, slack_millis, findings);
        }
    }
    for violation in testimony.verification.iter().flatten() {
        let evidence = Evidence::new(Source::Server, violation.clone());
        let message = "the server's verification of itself failed";
        findings.add(Kind::ServerVerification, None, message, vec![evidence]);
    }
}

fn conservation(testimony: &Testimony, findings: &mut Findings) {
    let of_map = testimony.view.counts;
    let totals = testimony.totals;
    for (what, counts) in [("the seat map", of_map), ("the availability", totals.seats)] {
        if counts.sum() != u64::from(totals.capacity) {
            let says = format!("{counts:?} of {} seats", totals.capacity);
            let message = format!("the states in {what} do not add up to the capacity");
            let evidence = vec![statement(testimony, says)];
            findings.add(Kind::Conservation, None, message, evidence);
        }
    }
    // While holds run out between two questions, the two answers may differ.
    let is_quiet = of_map.held == 0 && totals.seats.held == 0;
    if is_quiet && of_map != totals.seats {
        let says = format!("map: {of_map:?}; availability: {:?}", totals.seats);
        let message = "the seat map and the availability count differently";
        findings.add(Kind::Conservation, None, message, vec![statement(testimony, says)]);
    }
}

/// Of a seat that was sold more than once, the sale that was not brought back counts.
fn sales_are_there(books: &Books<'_>, testimony: &Testimony, findings: &mut Findings) {
    for (seat, sales) in &books.sales {
        let status = testimony.view.status(*seat);
        let (is_there, standing) = (status == ALLOCATED, books.standing(*seat));
        let message = match standing {
            Some(Standing::Sold) if !is_there => {
                "the sale of this seat was acknowledged, and the server does not have it"
            }
            _ => continue,
        };
        let says = statement(testimony, status_name(status));
        let last = sales.iter().map(|(_, entry)| entry).max_by_key(|entry| entry.received_micros);
        let evidence = last.map(|last| entry_evidence(last)).into_iter().chain([says]);
        findings.add(Kind::AcknowledgedMissing, Some(*seat), message, evidence.collect());
    }
}

/// Every seat that was sold during the run was sold to somebody who was told, or who may have
/// been answered without hearing it.
fn sales_are_known(
    books: &Books<'_>,
    testimony: &Testimony,
    before: &View,
    findings: &mut Findings,
) {
    let doubtful = books.unresolved.iter().filter_map(|entry| match &entry.request.verb {
        Verb::Allocate(hold_id, _) => books.holds.get(hold_id)?.placed,
        _ => None,
    });
    let doubtful: HashSet<u32> =
        doubtful.flat_map(|placed| placed.answer.seats().iter().copied()).collect();
    for seat in 0..testimony.view.statuses.len() as u32 {
        let is_new = testimony.view.status(seat) == ALLOCATED && before.status(seat) != ALLOCATED;
        let message = match books.standing(seat) {
            None => "the server has this seat as sold, and no buyer was told so",
            Some(Standing::Back) => "the server has this seat as sold, and it was brought back",
            Some(Standing::Doubtful | Standing::Sold) => continue,
        };
        if is_new && !doubtful.contains(&seat) {
            let evidence = vec![statement(testimony, "allocated")];
            findings.add(Kind::SoldToNobody, Some(seat), message, evidence);
        }
    }
}

fn hold_is_as_recorded(
    hold_id: HoldId,
    hold: &HoldRecord<'_>,
    seen: Option<&HoldSeen>,
    testimony: &Testimony,
    slack_millis: u64,
    findings: &mut Findings,
) {
    let Some(placed) = hold.placed else { return };
    let says = match seen {
        Some(seen) => format!("{:?} with {:?}", seen.state, seen.spots.sorted()),
        None => "no such hold".to_owned(),
    };
    let mut evidence = vec![entry_evidence(placed), statement(testimony, says)];
    evidence[1].hold_id = Some(hold_id);
    evidence[1].deadline_millis = seen.and_then(|seen| seen.deadline_millis);
    let is_used_up = hold.is_used_up();
    let deadline_millis = seen.and_then(|seen| seen.deadline_millis).unwrap_or(0);
    let is_past = deadline_millis.max(hold.deadline_millis) + slack_millis < testimony.at_millis;
    let is_open = hold.end_is_open || hold.deadline_is_open;
    match seen.map(|seen| seen.state) {
        Some(HoldStateSeen::Live) if is_past => {
            let message = "the hold is alive long past its deadline";
            findings.add(Kind::AlivePastDeadline, None, message, evidence);
        }
        Some(HoldStateSeen::Live) if is_used_up => {
            let message = "all of the hold was acknowledged as sold or given back, and it is \
                           alive";
            findings.add(Kind::AcknowledgedDiffers, None, message, evidence);
        }
        Some(HoldStateSeen::Expired | HoldStateSeen::Released)
            if is_used_up && hold.released.is_empty() =>
        {
            let message = "the hold's sale was acknowledged, and the hold ended otherwise";
            findings.add(Kind::AcknowledgedDiffers, None, message, evidence);
        }
        Some(HoldStateSeen::Allocated) if !is_open && hold.allocated.is_empty() => {
            let message = "the hold is sold, and its buyer was not told";
            findings.add(Kind::AcknowledgedDiffers, None, message, evidence);
        }
        None if !is_open && !is_used_up && testimony.at_millis < hold.deadline_millis => {
            let message = "an acknowledged hold whose deadline has not come is gone";
            findings.add(Kind::AcknowledgedMissing, None, message, evidence);
        }
        _ => {}
    }
}

fn statement(testimony: &Testimony, says: impl Into<String>) -> Evidence {
    let mut evidence = Evidence::new(Source::Server, says);
    evidence.at_millis = Some(testimony.at_millis);
    evidence
}

#[cfg(test)]
mod tests;
