//! Our own format says everything that a chart can be: what is exported comes back as it was.

use inventory_charts::{Format, content_hash, generate, import, to_canonical_bytes, to_document};
use inventory_core::chart::{Area, Chart, ChartParts, Point, Row, Seat, Section, Table};
use inventory_core::ids::{SeatIndex, SectionIndex};
use proptest::prelude::*;

use crate::any_chart;
use crate::imported;

/// Expects that an export of the chart is the chart; gives the text.
#[track_caller]
fn check(chart: &Chart) -> String {
    let text = to_document(chart);
    let again = match import(text.as_bytes(), None) {
        Ok(again) => again,
        Err(mistakes) => panic!("{mistakes}\nin {text}"),
    };
    assert_eq!(again.format, Format::Holdfast);
    assert_eq!(again.chart.parts(), chart.parts(), "from {text}");
    let hash = |chart: &Chart| content_hash(&to_canonical_bytes(chart));
    assert_eq!(hash(&again.chart), hash(chart));
    text
}

#[test]
fn a_chart_is_written_as_a_person_would() {
    let text = r##"{
  "format": "holdfast-chart",
  "version": 1,
  "name": "Old \"Mill\"",
  "focalPoint": {"x": 100, "y": -40.5},
  "categories": [
    {"key": "best", "label": "Best", "color": "#aa3300"},
    {"key": "rest"}
  ],
  "zones": [
    {"key": "left", "label": "Left side", "focalPoint": {"x": 80, "y": -40}}
  ],
  "sections": [
    {
      "label": "Stalls",
      "zone": "left",
      "floor": "Ground",
      "entrance": "Door 1",
      "rows": [
        {"label": "A", "category": "best", "x": 0, "y": 0, "seats": 12},
        {"label": "B", "category": "rest", "y": 30, "seats": [
          {"label": "1", "x": 0, "accessible": true},
          {"label": "2", "x": 25, "companion": true, "entrance": "Lift"},
          {"label": "3", "x": 60, "restrictedView": true}
        ]},
        {"label": "C", "seats": [
          {"label": "1", "x": 0, "y": 60, "category": "best"},
          {"label": "2", "x": 25, "y": 61}
        ]}
      ],
      "tables": [
        {"label": "T1", "category": "rest", "bookWhole": true, "seats": [
          {"label": "1", "x": 300, "y": -5},
          {"label": "2", "x": 300, "y": 45}
        ]}
      ],
      "areas": [
        {"label": "Standing", "category": "rest", "capacity": 120}
      ]
    },
    {
      "label": "Pit",
      "category": "rest",
      "rows": [
        {"label": "A", "x": 0, "y": -20, "spacing": 12.5, "seats": 2}
      ]
    }
  ],
  "rows": [
    {"label": "Z", "category": "best", "x": 0, "y": 90, "seats": 1}
  ],
  "areas": [
    {"label": "Lawn", "capacity": 500}
  ],
  "seats": [
    {"label": "Throne", "x": 5, "y": 5}
  ]
}
"##;
    let chart = imported(text).chart;
    assert_eq!(check(&chart), text);
}

#[test]
fn what_cannot_be_joined_or_counted_is_said() {
    let seat = |label: &str, section: Option<u32>| Seat {
        label: label.to_owned(),
        section: section.map(SectionIndex),
        category: None,
        position: Point { x: 1.0, y: 2.0 },
        entrance: None,
        accessible: false,
        companion: false,
        restricted_view: false,
    };
    let section = |label: &str, floor: Option<&str>| Section {
        label: label.to_owned(),
        zone: None,
        floor: floor.map(str::to_owned),
        entrance: None,
    };
    let row = |label: &str, section: Option<u32>, seats: &[u32]| Row {
        label: label.to_owned(),
        section: section.map(SectionIndex),
        seats: seats.iter().copied().map(SeatIndex).collect(),
    };
    let parts = ChartParts {
        name: "Odd".to_owned(),
        sections: vec![section("S", Some("1")), section("S", None), section("Empty", None)],
        rows: vec![row("B", Some(1), &[4, 2]), row("A", Some(0), &[0]), row("C", None, &[])],
        tables: vec![Table {
            label: "T".to_owned(),
            section: Some(SectionIndex(0)),
            seats: vec![SeatIndex(1)],
            book_whole: true,
        }],
        areas: vec![Area { label: "S-G".to_owned(), section: None, category: None, capacity: 3 }],
        seats: vec![
            seat("unlike its row", Some(0)),
            seat("T-1", None),
            seat("S-B-2", Some(2)),
            seat("1-S-alone", Some(0)),
            seat("S-B-1", Some(1)),
            seat("S-B- 1", None),
        ],
        ..ChartParts::default()
    };
    let text = check(&Chart::new(parts).unwrap());
    for said in [
        r#"{"label": "B", "section": 1, "y": 2, "seats": ["#,
        r#"{"label": "1", "index": 4, "x": 1}"#,
        r#"{"label": "2", "index": 2, "section": 2, "x": 1}"#,
        r#"{"fullLabel": "unlike its row", "index": 0, "x": 1, "y": 2}"#,
        r#"{"fullLabel": "T", "bookWhole": true, "seats": ["#,
        r#"{"label": "1", "index": 1, "section": -1, "x": 1, "y": 2}"#,
        r#"{"label": "alone", "index": 3, "x": 1, "y": 2}"#,
    ] {
        assert!(text.contains(said), "{said} in {text}");
    }
}

#[test]
fn the_demonstration_venue_comes_back() {
    check(&generate::demonstration());
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2_000,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn any_chart_comes_back_from_its_export(parts in any_chart::parts()) {
        // What the core refuses is no chart.
        if let Ok(chart) = Chart::new(parts) {
            check(&chart);
        }
    }
}
