//! The third part: the journal's facts, replayed by a state machine of the audit's own, held
//! against the record and against what the server said of its seats.

use std::io::BufRead;

use super::record::Books;
use super::replay::{Circumstances, History, Replay};
use super::server::Testimony;
use super::{Evidence, Findings, Kind, Source, journal_claims};
use crate::seat_map::{Counts, status_name};

/// Replays all lines and holds them against the record. Returns how many facts there were.
pub(crate) fn audit(
    lines: &mut dyn BufRead,
    books: &Books<'_>,
    circumstances: Circumstances<'_>,
    findings: &mut Findings,
) -> u64 {
    let mut replay = Replay::new(circumstances, findings);
    let mut line = String::new();
    let mut number: u64 = 0;
    loop {
        line.clear();
        let unreadable = match lines.read_line(&mut line) {
            Ok(0) => break,
            Ok(_) => serde_json::from_str(&line).map(|fact| replay.apply(fact)).err(),
            Err(error) => {
                let says = format!("after line {number}: {error}");
                replay.findings.add(
                    Kind::NotAuditable,
                    None,
                    "the journal cannot be read to its end",
                    vec![Evidence::new(Source::Journal, says)],
                );
                break;
            }
        };
        number += 1;
        if let Some(error) = unreadable {
            let says = format!("line {number}: {error}: {}", line.trim());
            let evidence = vec![Evidence::new(Source::Journal, says)];
            let message = "a line of the journal is not a fact";
            replay.findings.add(Kind::NotAuditable, None, message, evidence);
        }
    }
    let history = replay.finish();
    journal_claims::audit(&history, books, circumstances, findings);
    if let Some(testimony) = circumstances.testimony {
        final_states(&history, testimony, circumstances, findings);
    }
    number
}

/// Each seat's last state by the journal against the server's word.
fn final_states(
    history: &History,
    testimony: &Testimony,
    circumstances: Circumstances<'_>,
    findings: &mut Findings,
) {
    let mut statuses = Vec::with_capacity(testimony.totals.capacity as usize);
    let mut changed_since = 0_u32;
    for seat in 0..testimony.totals.capacity {
        let (by_journal, by_server) = (history.status(seat), testimony.view.status(seat));
        let fact = history.seats.get(&seat).map(|(_, fact)| fact);
        let since = testimony.at_millis.saturating_sub(circumstances.clock_slack_millis);
        let is_newer = fact.is_some_and(|fact| fact.at_millis >= since);
        changed_since += u32::from(is_newer);
        statuses.push(by_journal);
        if by_journal != by_server && !is_newer {
            let mut says = Evidence::new(Source::Server, status_name(by_server));
            says.at_millis = Some(testimony.at_millis);
            let evidence = fact.map(|fact| fact.evidence()).into_iter().chain([says]).collect();
            let message = format!("by the journal the seat is {}", status_name(by_journal));
            findings.add(Kind::StateDiffers, Some(seat), message, evidence);
        }
    }
    for (seat, (_, fact)) in
        history.seats.iter().filter(|(seat, _)| **seat >= testimony.totals.capacity)
    {
        let message = "the journal changes a seat that the event does not have";
        findings.add(Kind::FactImpossible, Some(*seat), message, vec![fact.evidence()]);
    }
    pools_add_up(history, testimony, changed_since == 0, findings);
    let counts = Counts::of(&statuses);
    if changed_since == 0 && counts != testimony.totals.seats {
        let evidence = vec![
            Evidence::new(Source::Journal, format!("{counts:?}")),
            Evidence::new(Source::Server, format!("{:?}", testimony.totals.seats)),
        ];
        let message = "the journal's facts and the server's counts do not add up to the same";
        findings.add(Kind::Conservation, None, message, evidence);
    }
}

/// The numbers of each area and each ticket type by the journal against the server's word. They
/// have no states of their own that could tell which changed since, so only a quiet end is
/// compared.
fn pools_add_up(history: &History, testimony: &Testimony, is_quiet: bool, findings: &mut Findings) {
    if !is_quiet || testimony.view.all().held > 0 {
        return;
    }
    let view = &testimony.view;
    let areas = history.areas.iter().zip(&view.areas).enumerate();
    let areas = areas.map(|(area, (taken, counts))| (format!("area {area}"), taken, counts));
    let types = history.ticket_types.iter().zip(&view.ticket_types).enumerate();
    let types = types.map(|(of, (taken, counts))| (format!("ticket type {of}"), taken, counts));
    for (pool, taken, counts) in areas.chain(types) {
        let by_server = [counts.held, counts.allocated, counts.blocked].map(i64::from);
        if by_server != [taken.held, taken.allocated, taken.blocked] {
            let evidence = vec![
                Evidence::new(Source::Journal, format!("{taken:?}")),
                Evidence::new(Source::Server, format!("{counts:?}")),
            ];
            let message = format!("the journal and the server disagree about {pool}");
            findings.add(Kind::StateDiffers, None, message, evidence);
        }
    }
}

#[cfg(test)]
mod tests;
