//! After the sale: the server is questioned and stopped, the journal read, the report written.

use std::collections::BTreeMap;
use std::io::BufRead;

use super::selling::Sold;
use super::{Outcome, Terms, Venue};
use crate::audit::dump::JournalSource;
use crate::audit::journal;
use crate::audit::record::{self, Books, Standing};
use crate::audit::replay;
use crate::audit::server::{self, Testimony};
use crate::audit::{Evidence, Findings, Kind, Source};
use crate::clock::millis;
use crate::course::Sighting;
use crate::layout::{Layout, Table};
use crate::measure::Measures;
use crate::picture::{self, Picture};
use crate::report::{AreaSold, Audit, Report, TablesSold, TicketTypeSold};
use crate::rest;
use crate::seat_map::{ALLOCATED, View};
use crate::spots::Pool;

/// Audits everything that can be audited and reports it.
pub(super) async fn reach(
    mut venue: Venue,
    terms: &Terms,
    sold: &Sold,
    journal: Option<Box<dyn JournalSource>>,
) -> Outcome {
    let (entries, measures) = venue.sale.recorder.take();
    let books = Books::new(&entries);
    let mut findings = Findings::default();
    let mut audit = Audit { answers: entries.len() as u64, ..Audit::default() };
    let clock_slack_micros = venue.clock_slack.as_micros() as u64;
    record::audit(&books, &venue.layout, clock_slack_micros, &mut findings);
    everybody_left(&measures, &mut findings);
    let testimony = question(&venue, terms, &books, &mut audit, &mut findings).await;
    stop(&mut venue, &mut findings).await;
    let is_own = venue.server.is_some();
    match journal {
        Some(journal) if is_own => {
            let circumstances = replay::Circumstances {
                event_id: terms.event_id,
                kills: &sold.kills,
                clock_slack_millis: venue.clock_slack.as_millis() as u64,
                expiry_slack_millis: terms.expiry_slack.as_millis() as u64,
                testimony: testimony.as_ref(),
            };
            audit.journal_facts = read_journal(journal, &books, circumstances, &mut findings);
        }
        _ if is_own => audit.left_out.push("the journal: nobody said how to read it".to_owned()),
        _ => audit.left_out.push("the journal: the server is not the run's own".to_owned()),
    }
    let last = testimony.as_ref().map(|testimony| (testimony.at_millis, testimony.view.clone()));
    let picture = picture(&venue, &books, &measures, last);
    let sums = Sums::of(&books);
    let report = report(&venue, terms, sold, measures, testimony, findings, audit, &sums);
    Outcome { report, picture }
}

/// The run to look at; `last` is what the server said of its seats at the end, if it did.
fn picture(
    venue: &Venue,
    books: &Books<'_>,
    measures: &Measures,
    last: Option<(u64, View)>,
) -> Picture {
    let opened_micros = venue.opened_micros;
    let opening = Sighting { at_secs: 0.0, seats: venue.before.all() };
    let mut sightings = measures.course.sightings();
    // Before the doors opened is the same as when they did.
    sightings.retain(|seen| seen.at_secs > 0.0);
    sightings.insert(0, opening);
    if let Some((at_millis, view)) = &last {
        let after_micros = (at_millis * 1_000).saturating_sub(opened_micros);
        sightings.push(Sighting { at_secs: after_micros as f64 / 1e6, seats: view.all() });
    }
    let last = last.map_or_else(|| venue.sale.map.view().as_ref().clone(), |(_, view)| view);
    Picture {
        opened_at_millis: millis(opened_micros),
        steps: measures.course.steps(),
        sightings,
        seats: picture::seats(&venue.layout, books, &last, opened_micros),
        tables: picture::tables(&venue.layout),
        areas: picture::areas(&venue.layout, books, &last, opened_micros),
    }
}

/// A buyer who vanished took answers along that nobody can audit.
fn everybody_left(measures: &Measures, findings: &mut Findings) {
    let left: u64 = measures.buyers_by_cause.values().sum();
    if left != measures.arrived {
        let says = format!("{} buyers came, and {left} left", measures.arrived);
        let evidence = vec![Evidence::new(Source::Record, says)];
        findings.add(Kind::NotAuditable, None, "buyers of the tester got lost", evidence);
    }
}

async fn question(
    venue: &Venue,
    terms: &Terms,
    books: &Books<'_>,
    audit: &mut Audit,
    findings: &mut Findings,
) -> Option<Testimony> {
    let clock = &venue.sale.clock;
    let (layout, sampled) = (&venue.layout, terms.holds_sampled);
    let asked = server::question(&venue.reader, layout, clock, books, sampled, terms.seed).await;
    let testimony = match asked {
        Ok(testimony) => testimony,
        Err(error) => {
            let evidence = vec![Evidence::new(Source::Server, error.to_string())];
            let message = "the server could not be questioned after the sale";
            findings.add(Kind::NotAuditable, None, message, evidence);
            return None;
        }
    };
    audit.holds_asked = testimony.holds.len() as u64;
    audit.is_server_verified = testimony.verification.is_some();
    if testimony.verification.is_none() {
        let part = "the server's verification of itself: only gRPC has that question";
        audit.left_out.push(part.to_owned());
    }
    let circumstances = server::Circumstances {
        layout,
        before: &venue.before,
        is_alone: venue.server.is_some(),
        expiry_slack: terms.expiry_slack,
    };
    server::audit(books, &testimony, circumstances, findings);
    Some(testimony)
}

async fn stop(venue: &mut Venue, findings: &mut Findings) {
    let Some(server) = &mut venue.server else { return };
    if let Err(error) = server.stop().await {
        let evidence = vec![Evidence::new(Source::Server, error.to_string())];
        findings.add(Kind::ServerFailed, None, "the server did not stop as it should", evidence);
    }
}

fn read_journal(
    mut source: Box<dyn JournalSource>,
    books: &Books<'_>,
    circumstances: replay::Circumstances<'_>,
    findings: &mut Findings,
) -> Option<u64> {
    let mut lines: Box<dyn BufRead + Send> = match source.open() {
        Ok(lines) => lines,
        Err(error) => {
            let evidence = vec![Evidence::new(Source::Journal, error.to_string())];
            let message = "the journal cannot be read";
            findings.add(Kind::NotAuditable, None, message, evidence);
            return None;
        }
    };
    Some(journal::audit(&mut lines, books, circumstances, findings))
}

/// What buyers of the run were told they have, and did not bring back.
#[derive(Debug, Default)]
struct Sums {
    seats: u64,
    places: u64,
    by_ticket_type: BTreeMap<u16, u64>,
}

impl Sums {
    fn of(books: &Books<'_>) -> Self {
        let mut sums = Self::default();
        let is_kept = |seat: &&u32| books.standing(**seat) != Some(Standing::Back);
        sums.seats = books.sales.keys().filter(is_kept).count() as u64;
        for sale in books.allocations.values() {
            let Some(spots) = sale.sold.and_then(|entry| entry.answer.spots()) else { continue };
            let back: u64 = sale.returned.iter().map(|spots| spots.places()).sum();
            sums.places += spots.places().saturating_sub(back);
            let back =
                sale.returned.iter().flat_map(|spots| spots.pools()).map(|(of, n)| (of, n, false));
            for (pool, count, is_sold) in spots.pools().map(|(of, n)| (of, n, true)).chain(back) {
                let Pool::TicketType(ticket_type) = pool else { continue };
                let sum = sums.by_ticket_type.entry(ticket_type).or_default();
                *sum = if is_sold { *sum + count } else { sum.saturating_sub(count) };
            }
        }
        sums
    }
}

fn areas(layout: &Layout, before: &View, last: &View) -> Vec<AreaSold> {
    let areas = (0..).zip(layout.areas()).map(|(index, area)| AreaSold {
        label: area.label.clone(),
        capacity: area.capacity,
        sold_before: before.area(index).allocated,
        places: last.area(index),
    });
    areas.collect()
}

fn tables(layout: &Layout, last: &View) -> TablesSold {
    let whole = layout.tables().iter().filter(|table| table.is_whole);
    let is_sold = |table: &&Table| table.seats.iter().all(|seat| last.status(*seat) == ALLOCATED);
    TablesSold { whole: whole.clone().count() as u32, sold: whole.filter(is_sold).count() as u32 }
}

fn ticket_types(layout: &Layout, before: &View, last: &View, sums: &Sums) -> Vec<TicketTypeSold> {
    let allocated = |view: &View, index: u16| {
        view.ticket_types.get(usize::from(index)).map_or(0, |counts| counts.allocated)
    };
    let types = (0..).zip(layout.ticket_types()).map(|(index, of)| TicketTypeSold {
        key: of.key.clone(),
        quota: of.quota,
        sold_before: allocated(before, index),
        sold: allocated(last, index),
        acknowledged: sums.by_ticket_type.get(&index).copied().unwrap_or(0),
    });
    types.collect()
}

#[expect(clippy::too_many_arguments, reason = "each is one of the report's sources")]
fn report(
    venue: &Venue,
    terms: &Terms,
    sold: &Sold,
    mut measures: Measures,
    testimony: Option<Testimony>,
    findings: Findings,
    audit: Audit,
    sums: &Sums,
) -> Report {
    let in_flight = &venue.in_flight;
    let (layout, before) = (venue.layout.as_ref(), &venue.before);
    let last = testimony.map_or_else(|| venue.sale.map.view().as_ref().clone(), |last| last.view);
    let now_millis = millis(venue.sale.clock.now_micros());
    let duration_secs = sold.ended_micros.saturating_sub(venue.opened_micros) as f64 / 1e6;
    let over_secs = terms.over.as_secs_f64();
    let a_second = |count: u64, secs: f64| if secs > 0.0 { count as f64 / secs } else { 0.0 };
    let mut violations = findings.violations;
    for violation in &mut violations {
        violation.label = violation.seat.map(|seat| venue.layout.label(seat).to_owned());
    }
    let answers = measures.answers.iter();
    let answers = answers.map(|((operation, word), count)| (format!("{operation}.{word}"), *count));
    Report {
        event_id: terms.event_id,
        seed: terms.seed,
        curve: terms.curve,
        transport: venue.transport,
        over_secs,
        duration_secs,
        capacity: layout.capacity(),
        sold_seats: last.counts.allocated,
        sold_before: before.counts.allocated,
        acknowledged_seats: sums.seats,
        seats: last.counts,
        places_capacity: layout.places_capacity(),
        sold_places: last.places.allocated,
        places_sold_before: before.places.allocated,
        acknowledged_places: sums.places,
        places: last.places,
        areas: areas(layout, before, &last),
        tables: tables(layout, &last),
        ticket_types: ticket_types(layout, before, &last, sums),
        cannot_be_sold: rest::cannot_be_sold(&last, layout, now_millis),
        buyers: terms.buyers,
        extra_buyers: sold.extra_buyers,
        arrivals_per_sec: a_second(terms.buyers, over_secs),
        requests: in_flight.sent(),
        requests_per_sec: a_second(in_flight.sent(), duration_secs),
        requests_not_sent: measures.not_sent,
        requests_lost: in_flight.lost(),
        latency: measures.overall(),
        latency_by_operation: measures.by_operation(),
        outcomes: measures.buyers_by_cause.clone(),
        answers: answers.collect(),
        first_invalid: measures.invalid.as_deref().map(str::to_owned),
        kills: sold.kills.clone(),
        audit,
        violations_total: findings.total,
        violations,
        seconds: measures.seconds(),
    }
}
