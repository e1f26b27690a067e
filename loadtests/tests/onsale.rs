//! Whole runs against a naive office behind the real contract: an honest one is cleared, and
//! each lie is caught in the one way or the other.

#[cfg(test)]
mod naive;

use std::time::Duration;

use loadtests::audit::Kind;
use loadtests::page::Origin;
use loadtests::progress::Quiet;
use loadtests::{Curve, Error, Fate, OnsaleOptions, Operation, Outcome, Target, Transport};
use naive::{Freeze, Lie, NaiveServer, TABLE_SEATS, Venue};

const SEATS: usize = 300;

fn options(server: &NaiveServer) -> OnsaleOptions {
    let mut options = OnsaleOptions::new(Target::Own(Box::new(server.clone()), Transport::Grpc));
    options.buyers = 1_000;
    options.over = Duration::from_millis(1_500);
    options.map_refresh = Duration::from_millis(50);
    options.seed = 11;
    options.bots = 0.02;
    options
}

async fn sell(server: &NaiveServer, options: OnsaleOptions) -> Outcome {
    let run = loadtests::run(options, Some(server.journal()), &Quiet);
    run.await.expect("an office that sells to everybody is sold out")
}

fn naive(lie: Lie) -> NaiveServer {
    office_of(Venue::of_seats(SEATS), lie)
}

fn office_of(venue: Venue, lie: Lie) -> NaiveServer {
    NaiveServer::new(venue, Duration::from_millis(700), Duration::from_millis(2), lie)
}

/// A hall with everything that can be sold. Children's tickets are few.
fn mixed() -> Venue {
    Venue {
        seats: 120,
        tables: 5,
        areas: vec![("Lawn", 150), ("Pit", 40)],
        ticket_types: vec![("adult", None), ("child", Some(30))],
    }
}

fn kinds(outcome: &Outcome) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = outcome.violations().iter().map(|found| found.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_office_sells_out_and_is_cleared() {
    let sales = [Curve::Spike, Curve::Ramp, Curve::Waves].map(|curve| async move {
        let server = naive(Lie::None);
        sell(&server, OnsaleOptions { curve, ..options(&server) }).await
    });
    for outcome in futures::future::join_all(sales).await {
        let report = &outcome.report;
        assert_eq!(outcome.violations(), [], "{report}");
        assert_eq!((report.sold_seats, report.capacity), (SEATS as u32, SEATS as u32));
        assert_eq!(report.acknowledged_seats, SEATS as u64);
        assert!(report.outcomes["bought"] > 0 && report.outcomes["hoarded"] > 0, "{report}");
        assert!(report.audit.journal_facts.is_some_and(|facts| facts > 300), "{report}");
        let left: u64 = report.outcomes.values().sum();
        assert_eq!(left, report.buyers + report.extra_buyers, "everybody left: {report}");
        let arrived: u64 = report.seconds.iter().map(|second| second.arrivals).sum();
        assert_eq!(arrived, left, "every arrival is in the course of the run");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_office_survives_its_kills() {
    let server = naive(Lie::None);
    let outcome = sell(&server, OnsaleOptions { kill_server: 2, ..options(&server) }).await;
    let report = &outcome.report;
    assert_eq!(outcome.violations(), [], "{report}");
    assert_eq!(report.sold_seats, SEATS as u32);
    assert_eq!(report.kills.len(), 2);
    for kill in &report.kills {
        assert!(kill.unanswered >= 100 && kill.lost > 0, "{report}");
    }
    assert!(!report.outcomes.contains_key("unresolved"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_sale_is_caught() {
    let server = naive(Lie::SellsTwice);
    let outcome = sell(&server, options(&server)).await;
    let kinds = kinds(&outcome);
    assert!(kinds.contains(&Kind::SoldTwice), "{}", outcome.report);
    let double = outcome.violations().iter().find(|found| found.kind == Kind::SoldTwice).unwrap();
    assert!(double.seat.is_some() && double.evidence.len() >= 2, "{double}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_sale_is_caught() {
    let server = naive(Lie::LosesASale);
    let outcome = sell(&server, options(&server)).await;
    assert!(kinds(&outcome).contains(&Kind::AcknowledgedMissing), "{}", outcome.report);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_a_venue_has_is_sold() {
    let server = office_of(mixed(), Lie::None);
    let outcome = sell(&server, OnsaleOptions { kill_server: 1, ..options(&server) }).await;
    let report = &outcome.report;
    assert_eq!(outcome.violations(), [], "{report}");
    let seats = 120 + 5 * TABLE_SEATS as u32;
    assert_eq!((report.sold_seats, report.sold_places), (seats, 190), "{report}");
    assert_eq!((report.acknowledged_seats, report.acknowledged_places), (seats.into(), 190));
    assert_eq!((report.tables.sold, report.tables.whole), (5, 5));
    let [adult, child] = &report.ticket_types[..] else { panic!("{report}") };
    assert_eq!(adult.sold + child.sold, seats + 190, "{report}");
    assert!(child.sold <= 30 && adult.acknowledged == u64::from(adult.sold), "{report}");
    assert!(report.cannot_be_sold.is_empty() && report.is_sold_out(), "{report}");
    let by_area: Vec<u64> = outcome
        .picture
        .areas
        .iter()
        .map(|area| area.sold.iter().map(|(_, places)| u64::from(*places)).sum())
        .collect();
    assert_eq!(by_area, [150, 40]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_quotas_leave_over_is_reported_and_no_standstill() {
    let venue = Venue { ticket_types: vec![("adult", Some(150)), ("child", Some(30))], ..mixed() };
    let server = office_of(venue, Lie::None);
    let outcome = sell(&server, options(&server)).await;
    let report = &outcome.report;
    assert_eq!(outcome.violations(), [], "{report}");
    let left = 150 + 190 - 180;
    assert_eq!(report.cannot_be_sold, [("quota_exhausted", left)].into(), "{report}");
    assert_eq!(report.sold_seats + report.sold_places, 180);
    assert!(report.to_string().contains("160 cannot be sold: quotas are exhausted"), "{report}");
    let page = loadtests::page::html(&outcome, &Origin::default());
    assert!(page.contains("cannot be sold: quotas are exhausted"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_brought_back_is_sold_again() {
    let server = office_of(mixed(), Lie::None);
    let options = OnsaleOptions { returns: 0.3, kill_server: 1, ..options(&server) };
    let outcome = sell(&server, options).await;
    let report = &outcome.report;
    assert_eq!(outcome.violations(), [], "{report}");
    assert!(report.is_sold_out(), "{report}");
    assert!(report.outcomes["brought_back"] > 5, "{report}");
    assert_eq!(report.sold_places, 190);
    assert_eq!(report.acknowledged_places, 190);
}

#[tokio::test(flavor = "multi_thread")]
async fn places_beyond_the_capacity_are_caught() {
    let server = office_of(mixed(), Lie::OversellsItsAreas);
    let outcome = sell(&server, options(&server)).await;
    assert!(kinds(&outcome).contains(&Kind::Oversold), "{}", outcome.report);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exceeded_quota_is_caught() {
    let server = office_of(mixed(), Lie::ForgetsQuotas);
    let outcome = sell(&server, options(&server)).await;
    assert!(kinds(&outcome).contains(&Kind::Oversold), "{}", outcome.report);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_sale_of_places_is_caught() {
    let server = office_of(mixed(), Lie::LosesPlaces);
    let outcome = sell(&server, options(&server)).await;
    assert!(kinds(&outcome).contains(&Kind::AcknowledgedMissing), "{}", outcome.report);
}

#[tokio::test(flavor = "multi_thread")]
async fn late_payments_are_caught() {
    let server = naive(Lie::TakesLatePayments);
    let outcome = sell(&server, options(&server)).await;
    assert!(kinds(&outcome).contains(&Kind::AcceptedLate), "{}", outcome.report);
    assert!(outcome.report.outcomes["paid_late_and_accepted"] > 0, "{}", outcome.report);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_had_to_wait_is_counted_with_all_of_the_wait() {
    // The office freezes for 0.8 s. Who waits for answers would send one request meanwhile and
    // count one wait; of this crowd, more than half come while it is frozen.
    let freeze = Freeze::between(Duration::from_millis(600), Duration::from_millis(1_400));
    let server = naive(Lie::None).freezing(freeze);
    let outcome = sell(&server, OnsaleOptions { curve: Curve::Ramp, ..options(&server) }).await;
    let report = &outcome.report;
    let place = report.latency_by_operation[&Operation::Place];
    assert!(place.p90_ms >= 400.0, "{report}");
    assert!(place.max_ms >= 700.0, "{report}");
    assert_eq!(report.sold_seats, SEATS as u32);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_that_stands_still_says_what_is_left() {
    let server = naive(Lie::SellsToNobody);
    let stall = Duration::from_millis(300);
    let options = OnsaleOptions { buyers: 50, stall, ..options(&server) };
    let stuck = loadtests::run(options, Some(server.journal()), &Quiet).await;
    let Err(Error::Stalled { available, outcome, .. }) = stuck else {
        panic!("an office that gives no seat away was sold out: {stuck:?}");
    };
    assert_eq!(available as usize, SEATS);
    assert_eq!(outcome.violations(), []);
    assert_eq!(outcome.report.sold_seats, 0);
}

/// The pages of these runs stay in the folder of this crate's test output, to be looked at.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_shows_every_violation_of_a_real_run() {
    let server = naive(Lie::SellsTwice);
    let lying = sell(&server, options(&server)).await;
    let server = naive(Lie::None);
    let honest = sell(&server, OnsaleOptions { kill_server: 2, ..options(&server) }).await;
    for (name, outcome) in [("lying", lying), ("honest", honest)] {
        let page = loadtests::page::html(&outcome, &Origin::default());
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
        std::fs::write(folder.join(format!("{name}.html")), &page).unwrap();
        let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
        roxmltree::Document::parse_with_options(&page, options).unwrap();
        let shown = page.matches("<article class=\"violation\">").count();
        assert_eq!(shown, outcome.violations().len(), "{name}");
        assert_eq!(page.contains("Promises broken"), name == "lying");
        assert_eq!(page.contains("No seat was sold twice."), name == "honest");
        assert_eq!(outcome.picture.seats.len(), SEATS);
        let sold =
            outcome.picture.seats.iter().filter(|seat| matches!(seat.fate, Fate::Sold { .. }));
        assert_eq!(sold.count(), SEATS, "{name}");
        let arrived: u64 = outcome.picture.steps.iter().map(|step| step.arrivals).sum();
        assert_eq!(arrived, outcome.report.outcomes.values().sum::<u64>(), "{name}");
    }
}
