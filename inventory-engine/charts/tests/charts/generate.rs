//! The venues that are drawn here: exact in number, plausible in shape, and always the same.

use std::collections::HashSet;

use inventory_charts::generate::{self, ROW_SEATS_MAX, SeatsOutOfRange};
use inventory_charts::{content_hash, to_canonical_bytes};
use inventory_core::chart::Chart;
use inventory_core::limits::CHART_SEATS_MAX;

/// What holds for every venue. Unique labels and valid indexes are what [`Chart::new`] checks.
#[track_caller]
fn check(chart: &Chart, seats: u32) {
    let parts = chart.parts();
    assert_eq!(chart.seat_count(), seats);
    let in_rows: usize = parts.rows.iter().map(|row| row.seats.len()).sum();
    assert_eq!(in_rows, seats as usize, "every seat is in a row");
    for row in &parts.rows {
        assert!((1..=ROW_SEATS_MAX as usize).contains(&row.seats.len()));
        for pair in row.seats.windows(2) {
            let [one, other] = [pair[0], pair[1]].map(|seat| parts.seats[seat.0 as usize].position);
            let apart = (one.x - other.x).hypot(one.y - other.y);
            assert!((45.0..56.0).contains(&apart), "neighbours are {apart} cm apart");
        }
    }
    let places: HashSet<(i64, i64)> =
        parts.seats.iter().map(|seat| (seat.position.x as i64, seat.position.y as i64)).collect();
    assert_eq!(places.len(), seats as usize, "no two seats are in one place");
    assert!(parts.seats.iter().all(|seat| seat.category.is_some() && seat.section.is_some()));
    let used: HashSet<_> = parts.seats.iter().filter_map(|seat| seat.section).collect();
    assert_eq!(used.len(), parts.sections.len(), "no section is empty");
}

#[test]
fn any_number_of_seats_is_met_exactly() {
    let some = (1..200).chain([500, 1_000, 2_345, 10_000, 65_536, 99_999]);
    for seats in some {
        check(&generate::with_seats(seats).unwrap(), seats);
    }
    assert_eq!(generate::with_seats(0).unwrap_err(), SeatsOutOfRange(0));
    let too_many = CHART_SEATS_MAX as u32 + 1;
    assert_eq!(generate::with_seats(too_many).unwrap_err(), SeatsOutOfRange(too_many));
}

#[test]
fn the_largest_venue_is_possible() {
    check(&generate::with_seats(CHART_SEATS_MAX as u32).unwrap(), CHART_SEATS_MAX as u32);
}

#[test]
fn the_demonstration_venue_has_all_that_a_venue_has() {
    let chart = generate::demonstration();
    assert!((8_500..=9_500).contains(&chart.seat_count()));
    check(&chart, chart.seat_count());
    let parts = chart.parts();
    let accessible = parts.seats.iter().filter(|seat| seat.accessible).count();
    let companions = parts.seats.iter().filter(|seat| seat.companion).count();
    assert!((4..100).contains(&accessible));
    assert_eq!(companions, accessible);
    for row in &parts.rows {
        for pair in row.seats.windows(2) {
            let [one, next] = [pair[0], pair[1]].map(|seat| &parts.seats[seat.0 as usize]);
            assert!(!one.accessible || next.companion, "a companion sits beside {}", one.label);
        }
    }
    assert!(parts.seats.iter().any(|seat| seat.restricted_view));
    assert_eq!(parts.zones.len(), 4);
    assert!(parts.zones.iter().all(|zone| zone.focal_point.is_some()));
    let mean_distance = |category: u32| {
        let seats = (0..chart.seat_count()).map(inventory_core::ids::SeatIndex);
        let of_it = seats.filter(|seat| {
            chart.seat(*seat).and_then(|seat| seat.category).is_some_and(|is| is.0 == category)
        });
        let distances: Vec<f64> = of_it.map(|seat| f64::from(chart.distance(seat))).collect();
        assert!(!distances.is_empty());
        distances.iter().sum::<f64>() / distances.len() as f64
    };
    let means = [0, 1, 2, 3].map(mean_distance);
    assert!(means.is_sorted(), "dearer seats are nearer: {means:?}");
}

/// The same venue on every machine and in every release: its events outlive both.
#[test]
fn the_demonstration_venue_is_always_the_same() {
    let bytes = to_canonical_bytes(&generate::demonstration());
    assert_eq!(
        content_hash(&bytes).to_string(),
        "6c729388ab1c9486b49662bbeca80c0d09349d643e3e0352a29dcd0e1773b3cc"
    );
}
