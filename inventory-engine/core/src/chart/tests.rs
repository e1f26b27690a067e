//! Every mistake that a chart can have, and what is measured in one that has none.

use super::*;

fn seat(label: &str, x: f64, y: f64) -> Seat {
    Seat {
        label: label.to_owned(),
        section: None,
        category: None,
        position: Point { x, y },
        entrance: None,
        accessible: false,
        companion: false,
        restricted_view: false,
    }
}

/// Two rows of two seats, a table of one, an area, and one of everything else.
fn parts() -> ChartParts {
    let (section, category) = (Some(SectionIndex(0)), Some(CategoryIndex(0)));
    let row = |label: &str, seats: &[u32]| {
        let seats = seats.iter().copied().map(SeatIndex).collect();
        Row { label: label.to_owned(), section, seats }
    };
    let seats = vec![
        seat("A-1", 0.0, 10.0),
        seat("A-2", 10.0, 10.0),
        seat("B-1", 0.0, 0.0),
        seat("B-2", 10.0, 0.0),
        seat("T-1", 20.0, 0.0),
    ];
    let zone = Zone { key: "z".to_owned(), label: "zone".to_owned(), focal_point: None };
    let (key, label) = ("gold".to_owned(), "Gold".to_owned());
    let table =
        Table { label: "T".to_owned(), section, seats: vec![SeatIndex(4)], book_whole: true };
    ChartParts {
        name: "hall".to_owned(),
        categories: vec![Category { key, label, color: None }],
        zones: vec![zone],
        sections: vec![Section {
            label: "stalls".to_owned(),
            zone: Some(ZoneIndex(0)),
            floor: None,
            entrance: None,
        }],
        rows: vec![row("A", &[0, 1]), row("B", &[2, 3])],
        tables: vec![table],
        areas: vec![Area { label: "floor".to_owned(), section, category, capacity: 10 }],
        seats,
        focal_point: None,
    }
}

fn distances(chart: &Chart) -> [u32; 5] {
    [0, 1, 2, 3, 4].map(|seat| chart.distance(SeatIndex(seat)))
}

fn mistake(spoil: impl FnOnce(&mut ChartParts)) -> ChartError {
    let mut parts = parts();
    spoil(&mut parts);
    Chart::new(parts).expect_err("the chart was spoiled")
}

#[test]
fn a_chart_without_mistakes_answers() {
    let chart = Chart::new(parts()).unwrap();
    assert_eq!(chart.seat_count(), 5);
    assert_eq!(chart.seat_by_label("B-2"), Some(SeatIndex(3)));
    assert_eq!(chart.seat_by_label("B-3"), None);
    assert_eq!(chart.section_by_label("stalls"), Some(SectionIndex(0)));
    assert_eq!(chart.category_by_key("gold"), Some(CategoryIndex(0)));
    let row = |seat| chart.seat_place(SeatIndex(seat)).map(|place| place.row);
    assert_eq!(row(3), Some(Some(RowIndex(1))));
    assert_eq!(row(4), Some(None), "a table is no row");
    assert_eq!(row(5), None, "there is no such seat");
}

#[test]
fn every_seat_has_the_label_that_it_came_with() {
    let mut parts = parts();
    parts.seats[1].label = "Rang-é-ü".to_owned();
    let chart = Chart::new(parts).unwrap();
    for (index, seat) in (0..).map(SeatIndex).zip(&chart.parts().seats) {
        assert_eq!(chart.seat_label(index), Some(seat.label.as_str()));
    }
    assert_eq!(chart.seat_label(SeatIndex(chart.seat_count())), None);
}

#[test]
fn a_chart_with_nothing_to_sell_is_refused() {
    assert_eq!(Chart::new(ChartParts::default()).unwrap_err(), ChartError::Empty);
    let mut only_area = parts();
    (only_area.seats, only_area.rows, only_area.tables) = (Vec::new(), Vec::new(), Vec::new());
    assert_eq!(Chart::new(only_area).unwrap().seat_count(), 0);
    let refused = mistake(|parts| parts.areas[0].capacity = 0);
    assert_eq!(refused, ChartError::NoCapacity("floor".to_owned()));
}

#[test]
fn a_chart_with_too_many_seats_is_refused() {
    let refused = mistake(|parts| parts.seats = vec![seat("A", 0.0, 0.0); CHART_SEATS_MAX + 1]);
    assert_eq!(refused, ChartError::TooManySeats(CHART_SEATS_MAX + 1));
}

#[test]
fn a_chart_with_too_many_areas_or_places_is_refused() {
    let area = |number: usize, capacity: u32| {
        let label = format!("area {number}");
        Area { label, section: None, category: None, capacity }
    };
    let areas = |count: usize| (0..count).map(|number| area(number, 1)).collect::<Vec<_>>();
    let too_many = mistake(|parts| parts.areas = areas(CHART_AREAS_MAX + 1));
    assert_eq!(too_many, ChartError::TooManyAreas(CHART_AREAS_MAX + 1));
    let mut most = parts();
    most.areas = areas(CHART_AREAS_MAX);
    assert_eq!(Chart::new(most).unwrap().place_count(), CHART_AREAS_MAX as u32);

    let too_full = mistake(|parts| parts.areas = vec![area(0, CHART_PLACES_MAX), area(1, 1)]);
    assert_eq!(too_full, ChartError::TooManyPlaces(u64::from(CHART_PLACES_MAX) + 1));
    // Together one more than 32 bits can say.
    let absurd = mistake(|parts| parts.areas = vec![area(0, u32::MAX), area(1, 1)]);
    assert_eq!(absurd, ChartError::TooManyPlaces(1 << 32));
    let mut fullest = parts();
    fullest.areas = vec![area(0, CHART_PLACES_MAX - 1), area(1, 1)];
    assert_eq!(Chart::new(fullest).unwrap().place_count(), CHART_PLACES_MAX);
}

#[test]
fn areas_are_found_by_their_labels() {
    let mut parts = parts();
    let (section, category) = (None, None);
    parts.areas.push(Area { label: "lawn".to_owned(), section, category, capacity: 7 });
    let chart = Chart::new(parts).unwrap();
    assert_eq!(chart.area_by_label("floor"), Some(AreaIndex(0)));
    assert_eq!(chart.area_by_label("lawn"), Some(AreaIndex(1)));
    assert_eq!(chart.area_by_label("A-1"), None, "a seat is no area");
    assert_eq!(chart.seat_by_label("lawn"), None, "an area is no seat");
    assert_eq!(chart.area(AreaIndex(1)).map(|area| area.capacity), Some(7));
    assert_eq!(chart.area(AreaIndex(2)), None);
    assert_eq!(chart.place_count(), 17);
}

#[test]
fn a_table_that_is_sold_whole_is_known_by_each_of_its_seats() {
    let mut parts = parts();
    let table = |label: &str, seats: &[u32], book_whole: bool| {
        let seats = seats.iter().copied().map(SeatIndex).collect();
        Table { label: label.to_owned(), section: None, seats, book_whole }
    };
    parts.seats.extend((2..8).map(|number| seat(&format!("T-{number}"), 20.0, 0.0)));
    // The first table, T, has the seat 4.
    parts.tables.push(table("loose", &[5, 6], false));
    parts.tables.push(table("T", &[7, 8], true));
    parts.tables.push(table("nobody's", &[], true));
    let chart = Chart::new(parts).unwrap();
    let of_seats = [0, 4, 5, 7, 8, 9, 11, u32::MAX]
        .map(|seat| chart.seat_place(SeatIndex(seat)).and_then(|place| place.whole_table));
    let (first, second) = (Some(TableIndex(0)), Some(TableIndex(2)));
    assert_eq!(of_seats, [None, first, None, second, second, None, None, None]);
    assert_eq!(chart.table_seats(TableIndex(2)), [SeatIndex(7), SeatIndex(8)]);
    let by_label = |label| chart.whole_table_by_label(label).map(|table| table.seats.len());
    assert_eq!(by_label("T"), Some(1), "of two of one name the first");
    assert_eq!(by_label("nobody's"), Some(0));
    assert_eq!(by_label("loose"), None, "its seats are sold one by one");
    assert_eq!(by_label("T-1"), None, "a seat is no table");
}

#[test]
fn references_to_what_is_not_there_are_refused() {
    let (section, category) = (Some(SectionIndex(1)), Some(CategoryIndex(1)));
    let refused = |spoil: &dyn Fn(&mut ChartParts)| match mistake(spoil) {
        ChartError::Dangling { object, missing } => format!("{object}: {missing}"),
        other => panic!("{other}"),
    };
    let zone = Some(ZoneIndex(1));
    assert_eq!(refused(&|parts| parts.sections[0].zone = zone), r#"section "stalls": zone"#);
    assert_eq!(refused(&|parts| parts.rows[0].section = section), r#"row "A": section"#);
    assert_eq!(refused(&|parts| parts.tables[0].section = section), r#"table "T": section"#);
    assert_eq!(refused(&|parts| parts.areas[0].section = section), r#"area "floor": section"#);
    assert_eq!(refused(&|parts| parts.areas[0].category = category), r#"area "floor": category"#);
    assert_eq!(refused(&|parts| parts.seats[0].section = section), r#"seat "A-1": section"#);
    assert_eq!(refused(&|parts| parts.seats[0].category = category), r#"seat "A-1": category"#);
    assert_eq!(refused(&|parts| parts.rows[0].seats[0] = SeatIndex(5)), r#"row "A": seat"#);
    assert_eq!(refused(&|parts| parts.tables[0].seats[0] = SeatIndex(5)), r#"table "T": seat"#);
}

#[test]
fn names_that_mean_two_things_are_refused() {
    let refused = |spoil: &dyn Fn(&mut ChartParts)| match mistake(spoil) {
        ChartError::DuplicateLabel { kind, label } => format!("{kind}: {label}"),
        other => panic!("{other}"),
    };
    assert_eq!(refused(&|parts| parts.seats[1].label = "A-1".to_owned()), "seats: A-1");
    let two_golds = |parts: &mut ChartParts| parts.categories.push(parts.categories[0].clone());
    assert_eq!(refused(&two_golds), "categories: gold");
    let as_a_seat = |parts: &mut ChartParts| parts.areas[0].label = "A-1".to_owned();
    assert_eq!(refused(&as_a_seat), "seats or areas: A-1");
    let two_floors = |parts: &mut ChartParts| parts.areas.push(parts.areas[0].clone());
    assert_eq!(refused(&two_floors), "seats or areas: floor");
}

#[test]
fn names_that_are_empty_or_too_long_are_refused() {
    let empty = mistake(|parts| parts.name.clear());
    assert_eq!(empty, ChartError::LabelLength { kind: "chart", bytes: 0 });
    let long = mistake(|parts| parts.seats[0].label = "x".repeat(LABEL_BYTES_MAX + 1));
    assert_eq!(long, ChartError::LabelLength { kind: "seat", bytes: LABEL_BYTES_MAX + 1 });
    let area = mistake(|parts| parts.areas[0].label.clear());
    assert_eq!(area, ChartError::LabelLength { kind: "area", bytes: 0 });
}

#[test]
fn a_seat_in_two_places_is_refused() {
    let in_rows = mistake(|parts| parts.rows[1].seats[0] = SeatIndex(0));
    assert_eq!(in_rows, ChartError::SeatInTwoRows("A-1".to_owned()));
    let in_row_and_table = mistake(|parts| parts.tables[0].seats[0] = SeatIndex(0));
    assert_eq!(in_row_and_table, ChartError::SeatInTwoRows("A-1".to_owned()));
}

#[test]
fn positions_that_are_no_numbers_are_refused() {
    let seat = mistake(|parts| parts.seats[0].position.x = f64::NAN);
    assert_eq!(seat, ChartError::NotFinite(r#"seat "A-1""#.to_owned()));
    let nowhere = Some(Point { x: 0.0, y: f64::INFINITY });
    let focus = mistake(|parts| parts.focal_point = nowhere);
    assert_eq!(focus, ChartError::NotFinite("a focal point".to_owned()));
    let zone = mistake(|parts| parts.zones[0].focal_point = nowhere);
    assert_eq!(zone, ChartError::NotFinite("a focal point".to_owned()));
}

#[test]
fn distances_are_measured_to_where_people_look() {
    // Without a word on it: the middle of the front edge, here (10, 0).
    let chart = Chart::new(parts()).unwrap();
    assert_eq!(distances(&chart), [1_414, 1_000, 1_000, 0, 1_000]);
    assert_eq!(chart.rows_by_distance(), [(0, RowIndex(1)), (1_000, RowIndex(0))]);
    // A zone's own focal point counts for the seats of its sections only.
    let mut parts = parts();
    parts.focal_point = Some(Point { x: 20.0, y: 0.0 });
    parts.zones[0].focal_point = Some(Point { x: 0.0, y: 10.0 });
    for seat in &mut parts.seats[..2] {
        seat.section = Some(SectionIndex(0));
    }
    let chart = Chart::new(parts).unwrap();
    assert_eq!(distances(&chart), [0, 1_000, 2_000, 1_000, 0]);
    assert_eq!(chart.rows_by_distance(), [(0, RowIndex(0)), (1_000, RowIndex(1))]);
}

#[test]
fn what_is_absurdly_far_away_is_as_far_as_anything_can_be() {
    let mut parts = parts();
    parts.seats[0].position = Point { x: f64::MAX, y: f64::MIN };
    parts.focal_point = Some(Point { x: f64::MIN, y: f64::MAX });
    let chart = Chart::new(parts).unwrap();
    assert_eq!(chart.distance(SeatIndex(0)), u32::MAX);
}

#[test]
fn a_row_is_said_to_lack_a_category_only_if_it_does() {
    let mut parts = parts();
    parts.categories = (0..=64)
        .map(|number| Category {
            key: format!("category {number}"),
            label: "category".to_owned(),
            color: None,
        })
        .collect();
    parts.seats[0].category = Some(CategoryIndex(3));
    parts.seats[1].category = Some(CategoryIndex(64));
    let chart = Chart::new(parts).unwrap();
    let may_have = |row, category| chart.row_may_have(RowIndex(row), CategoryIndex(category));
    assert!(may_have(0, 3) && may_have(0, 64));
    assert!(!may_have(0, 1) && !may_have(1, 3));
    assert!(may_have(0, 0), "64 categories apart nobody can tell");
    assert!(!may_have(0, u32::MAX), "an index that no chart has");
}
