//! Our own format says everything that a chart can be: what is exported comes back as it was.

use inventory_charts::{Format, content_hash, generate, import, to_canonical_bytes, to_document};
use inventory_core::chart::{
    Area, Category, Chart, ChartParts, Point, Row, Seat, Section, Table, Zone,
};
use inventory_core::ids::{CategoryIndex, SeatIndex, SectionIndex, ZoneIndex};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

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

/// Texts as people write them, and as nobody should.
fn label() -> impl Strategy<Value = String> {
    let usual = select(vec!["A", "B", "1", "2", "10", "S", "-", "A-1", "é", "\"", "\\", "S-A"]);
    prop_oneof![
        4 => usual.prop_map(str::to_owned),
        1 => "[ -~]{1,12}",
        1 => "\\PC{1,8}",
    ]
    .prop_map(|label| label.trim().to_owned())
    .prop_filter("no label", |label| !label.is_empty() && !label.contains(char::is_control))
}

fn coordinate() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (-40..40_i32).prop_map(f64::from),
        1 => (-40_000..40_000_i32).prop_map(|number| f64::from(number) / 100.0),
        1 => -1e7..1e7,
        1 => Just(0.1 + 0.2),
        1 => Just(-1e7),
        1 => Just(1e7),
        1 => Just(-0.0),
    ]
}

fn point() -> impl Strategy<Value = Point> {
    (coordinate(), coordinate()).prop_map(|(x, y)| Point { x, y })
}

/// A seat as it is drawn by chance: where it belongs, and what differs from that.
#[derive(Clone, Debug)]
struct Draw {
    group: Index,
    order: u64,
    label: Option<String>,
    section: Option<Option<Index>>,
    category: Option<Index>,
    position: Option<Point>,
    entrance: Option<String>,
    flags: u8,
}

fn draw() -> impl Strategy<Value = Draw> {
    let rarely = |strategy| option::weighted(0.1, strategy);
    (
        any::<Index>(),
        prop_oneof![3 => Just(0_u64), 1 => any::<u64>()],
        rarely(label()),
        option::weighted(0.1, option::of(any::<Index>())),
        option::weighted(0.8, any::<Index>()),
        option::weighted(0.3, point()),
        rarely(label()),
        prop_oneof![4 => Just(0_u8), 1 => 0..8_u8],
    )
        .prop_map(|(group, order, label, section, category, position, entrance, flags)| Draw {
            group,
            order,
            label,
            section,
            category,
            position,
            entrance,
            flags,
        })
}

type Group = (String, Option<Index>);

prop_compose! {
    /// The parts of a chart, all of whose indexes are right; labels may clash.
    fn parts()(
        name in label(),
        focal_point in option::of(point()),
        categories in vec((label(), label(), select(vec![None, Some("#123456"), Some("red")])), 0..4),
        zones in vec((label(), label(), option::of(point())), 0..3),
        sections in vec((label(), option::of(any::<Index>()), option::of(label()), option::of(label())), 0..5),
        rows in vec((label(), option::of(any::<Index>())), 0..6),
        tables in vec(((label(), option::of(any::<Index>())), any::<bool>(), any::<bool>()), 0..3),
        areas in vec(((label(), option::of(any::<Index>())), option::of(any::<Index>()), 1..300_000_u32, any::<bool>()), 0..3),
        draws in vec(draw(), 0..24),
        are_sorted in any::<bool>(),
    ) -> ChartParts {
        let mut parts = ChartParts { name, focal_point, ..ChartParts::default() };
        for (key, label, color) in categories {
            parts.categories.push(Category { key, label, color: color.map(str::to_owned) });
        }
        parts.categories.dedup_by(|one, other| one.key == other.key);
        for (key, label, focal_point) in zones {
            if parts.zones.iter().all(|zone| zone.key != key) {
                parts.zones.push(Zone { key, label, focal_point });
            }
        }
        for (label, zone, floor, entrance) in sections {
            let zone = zone.filter(|_| !parts.zones.is_empty());
            let zone = zone.map(|zone| ZoneIndex(zone.index(parts.zones.len()) as u32));
            if parts.sections.iter().all(|known| (&known.label, &known.floor) != (&label, &floor)) {
                parts.sections.push(Section { label, zone, floor, entrance });
            }
        }
        let sections = parts.sections.len();
        let section = |index: Option<Index>| {
            index.filter(|_| sections > 0).map(|index| SectionIndex(index.index(sections) as u32))
        };
        let full = |(label, at): &Group, parts: &ChartParts| match section(*at) {
            Some(at) => format!("{}-{label}", parts.sections[at.0 as usize].label),
            None => label.clone(),
        };
        let mut rows = rows;
        if are_sorted {
            let number = |at: Option<Index>| section(at).map_or(u32::MAX, |at| at.0);
            rows.sort_by_key(|(_, at)| number(*at));
        }
        for (label, at) in &rows {
            let (label, section) = (label.clone(), section(*at));
            parts.rows.push(Row { label, section, seats: Vec::new() });
        }
        let mut parents: Vec<String> = rows.iter().map(|row| full(row, &parts)).collect();
        for (group, book_whole, is_joined) in tables {
            let label = if is_joined { full(&group, &parts) } else { group.0.clone() };
            let section = section(group.1);
            parents.push(label.clone());
            parts.tables.push(Table { label, section, seats: Vec::new(), book_whole });
        }
        let categories = parts.categories.len();
        let category = |index: Option<Index>| {
            let index = index.filter(|_| categories > 0);
            index.map(|index| CategoryIndex(index.index(categories) as u32))
        };
        for (group, price, capacity, is_joined) in areas {
            let label = if is_joined { full(&group, &parts) } else { group.0.clone() };
            let (section, category) = (section(group.1), category(price));
            parts.areas.push(Area { label, section, category, capacity });
        }
        let mut draws = draws;
        let groups = parents.len() + 1;
        if are_sorted {
            draws.sort_by_key(|draw| draw.group.index(groups));
        }
        draws.sort_by_key(|draw| draw.order);
        for draw in draws {
            let group = draw.group.index(groups);
            let index = SeatIndex(parts.seats.len() as u32);
            let rows = parts.rows.len();
            let (seats, of_group) = if group < rows {
                let row = &mut parts.rows[group];
                (Some(&mut row.seats), row.section)
            } else if group + 1 < groups {
                let table = &mut parts.tables[group - rows];
                (Some(&mut table.seats), table.section)
            } else {
                (None, None)
            };
            let at = seats.as_ref().map_or(0, |seats| seats.len());
            if let Some(seats) = seats {
                seats.push(index);
            }
            let parent = parents.get(group).map_or("", String::as_str);
            let even = Point { x: 20.0 * at as f64, y: 7.0 };
            parts.seats.push(Seat {
                label: draw.label.unwrap_or_else(|| format!("{parent}-{}", at + 1)),
                section: draw.section.map_or(of_group, section),
                category: category(draw.category),
                position: draw.position.unwrap_or(even),
                entrance: draw.entrance,
                accessible: draw.flags & 1 != 0,
                companion: draw.flags & 2 != 0,
                restricted_view: draw.flags & 4 != 0,
            });
        }
        make_unique(&mut parts);
        parts
    }
}

/// Gives another label to what is called like something before it.
fn make_unique(parts: &mut ChartParts) {
    let mut known = std::collections::HashSet::new();
    let mut rename = |label: &mut String| {
        while !known.insert(label.clone()) {
            label.push('\'');
        }
    };
    parts.seats.iter_mut().for_each(|seat| rename(&mut seat.label));
    parts.areas.iter_mut().for_each(|area| rename(&mut area.label));
    parts.tables.iter_mut().for_each(|table| rename(&mut table.label));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2_000,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn any_chart_comes_back_from_its_export(parts in parts()) {
        // What the core refuses is no chart.
        if let Ok(chart) = Chart::new(parts) {
            check(&chart);
        }
    }
}
