//! Our own format: what is inherited, what is computed, and how labels are joined.

use inventory_charts::Format;
use inventory_core::chart::Point;
use inventory_core::ids::{CategoryIndex, SeatIndex, SectionIndex, ZoneIndex};

use crate::{imported, seat_labels};

const WHOLE: &str = r##"{
    "format": "holdfast-chart", "version": 1, "name": " Old Mill ",
    "focalPoint": {"x": 50, "y": -30.5},
    "categories": [
        {"key": "best", "label": "Best", "color": "#aa3300"},
        {"key": 2}
    ],
    "zones": [{"key": "left", "label": "Left side", "focalPoint": {"x": 0, "y": 0}}],
    "sections": [{
        "label": "Stalls", "zone": "left", "floor": "Ground", "entrance": "Door 1",
        "category": "best",
        "rows": [
            {"label": "A", "x": 10, "y": 20, "spacing": 5, "seats": 3},
            {"label": "B", "y": 30, "category": 2, "seats": [
                {"label": 1, "x": 10, "accessible": true},
                {"label": "2", "x": 15, "y": 31, "companion": true, "category": "best",
                 "restrictedView": true, "entrance": "Door 2"}
            ]}
        ],
        "tables": [{"label": "T", "x": 100, "y": 100, "radius": 10, "bookWhole": true, "seats": 4}],
        "areas": [{"label": "Standing", "capacity": 120}]
    }],
    "rows": [{"label": "Z", "x": 0, "y": 0, "seats": 1}],
    "areas": [{"label": "Lawn", "category": 2, "capacity": 500}]
}"##;

#[test]
fn a_whole_chart_is_read() {
    let imported = imported(WHOLE);
    assert_eq!(imported.format, Format::Holdfast);
    let parts = imported.chart.parts();
    assert_eq!(parts.name, "Old Mill");
    assert_eq!(parts.focal_point, Some(Point { x: 50.0, y: -30.5 }));
    let categories: Vec<_> = parts.categories.iter().map(|c| (&*c.key, &*c.label)).collect();
    assert_eq!(categories, [("best", "Best"), ("2", "2")]);
    assert_eq!(
        seat_labels(parts),
        [
            "Stalls-A-1",
            "Stalls-A-2",
            "Stalls-A-3",
            "Stalls-B-1",
            "Stalls-B-2",
            "Stalls-T-1",
            "Stalls-T-2",
            "Stalls-T-3",
            "Stalls-T-4",
            "Z-1"
        ]
    );
    let areas: Vec<_> = parts.areas.iter().map(|area| (&*area.label, area.capacity)).collect();
    assert_eq!(areas, [("Stalls-Standing", 120), ("Lawn", 500)]);
    let section = &parts.sections[0];
    assert_eq!((section.zone, section.floor.as_deref()), (Some(ZoneIndex(0)), Some("Ground")));
    assert_eq!(section.entrance.as_deref(), Some("Door 1"));
}

#[test]
fn what_a_seat_does_not_say_comes_from_its_row_table_and_section() {
    let imported = imported(WHOLE);
    let parts = imported.chart.parts();
    let places: Vec<_> =
        parts.seats.iter().map(|seat| (seat.position.x, seat.position.y)).collect();
    assert_eq!(places[..5], [(10.0, 20.0), (15.0, 20.0), (20.0, 20.0), (10.0, 30.0), (15.0, 31.0)]);
    // Around the table, clockwise from the top.
    assert_eq!(places[5..9], [(100.0, 90.0), (110.0, 100.0), (100.0, 110.0), (90.0, 100.0)]);
    let categories: Vec<_> =
        parts.seats.iter().map(|seat| seat.category.map(|index| index.0)).collect();
    let (best, second) = (Some(0), Some(1));
    assert_eq!(categories[..5], [best, best, best, second, best]);
    assert_eq!(categories[5..], [best, best, best, best, None]);
    assert_eq!(parts.areas[0].category, Some(CategoryIndex(0)));
    assert_eq!(imported.warnings, ["1 seats and 0 areas have no category"]);
    let flags: Vec<_> = parts.seats[3..5]
        .iter()
        .map(|seat| (seat.accessible, seat.companion, seat.restricted_view))
        .collect();
    assert_eq!(flags, [(true, false, false), (false, true, true)]);
    assert_eq!(parts.seats[4].entrance.as_deref(), Some("Door 2"));
}

#[test]
fn rows_and_tables_know_their_section_and_seats() {
    let imported = imported(WHOLE);
    let parts = imported.chart.parts();
    let section = Some(SectionIndex(0));
    let rows: Vec<_> = parts.rows.iter().map(|row| (&*row.label, row.section)).collect();
    assert_eq!(rows, [("A", section), ("B", section), ("Z", None)]);
    assert_eq!(parts.rows[1].seats, [3, 4].map(SeatIndex));
    assert_eq!(parts.tables[0].seats, [5, 6, 7, 8].map(SeatIndex));
    assert!(parts.tables[0].book_whole);
}

#[test]
fn a_section_name_on_two_floors_gets_the_floor_in_front() {
    let section = |label: &str, floor: &str| {
        format!(
            r#"{{"label": "{label}", {floor}
                "rows": [{{"label": "A", "x": 0, "y": 0, "seats": 1}}]}}"#
        )
    };
    let text = format!(
        r#"{{"format": "holdfast-chart", "version": 1, "name": "n",
            "sections": [{}, {}, {}, {}]}}"#,
        section("S", ""),
        section("S", r#""floor": "Up","#),
        section("S", r#""floor": "Down","#),
        section("R", r#""floor": "Down","#),
    );
    let imported = imported(&text);
    assert_eq!(seat_labels(imported.chart.parts()), ["S-A-1", "Up-S-A-1", "Down-S-A-1", "R-A-1"]);
}

#[test]
fn a_byte_order_mark_and_nulls_do_no_harm() {
    let text = r#"{"format": "holdfast-chart", "version": 1, "name": "n", "sections": null,
        "areas": [{"label": "Lawn", "capacity": 5, "category": null}]}"#;
    assert_eq!(imported(&format!("\u{feff}{text}")).chart.parts().areas.len(), 1);
}

/// The example of the documentation is a chart, and is what the documentation says of it.
#[test]
fn the_documented_example_is_right() {
    let documentation = include_str!("../../../../docs/charts.md");
    let example = documentation.split("```json").nth(1).and_then(|rest| rest.split("```").next());
    let imported = imported(example.expect("the documentation has an example"));
    let parts = imported.chart.parts();
    let labels = seat_labels(parts);
    for label in ["Stalls-A-12", "Stalls-B-3", "Stalls-T1-3"] {
        assert!(labels.contains(&label), "{label} in {labels:?}");
    }
    assert_eq!(parts.areas[0].label, "Stalls-Standing");
    assert_eq!(imported.warnings, [""; 0]);
}
