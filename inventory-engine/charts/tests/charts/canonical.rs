//! The canonical form: exact, deterministic, and the same for ever.

use inventory_charts::{
    Format, Problem, content_hash, from_canonical_bytes, generate, import, to_canonical_bytes,
};
use inventory_core::chart::{
    Area, Category, Chart, ChartParts, Point, Row, Seat, Section, Table, Zone,
};
use inventory_core::ids::{CategoryIndex, SeatIndex, SectionIndex, ZoneIndex};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::any_chart;

/// A chart that uses everything that a chart can have, in an order that no file gives it.
fn everything() -> ChartParts {
    let seat = |label: &str, x: f64| Seat {
        label: label.to_owned(),
        section: Some(SectionIndex(0)),
        category: Some(CategoryIndex(1)),
        position: Point { x, y: 1e-7 },
        entrance: None,
        accessible: false,
        companion: false,
        restricted_view: false,
    };
    let category = |key: &str, color: Option<&str>| Category {
        key: key.to_owned(),
        label: format!("{key} \"quoted\" \u{1f3ad}"),
        color: color.map(str::to_owned),
    };
    let section = |label: &str, zone, floor: Option<&str>| Section {
        label: label.to_owned(),
        zone,
        floor: floor.map(str::to_owned),
        entrance: floor.map(|floor| format!("Gate {floor}")),
    };
    ChartParts {
        name: "Everything".to_owned(),
        categories: vec![category("a", None), category("b", Some("#abc"))],
        zones: vec![Zone {
            key: "z".to_owned(),
            label: "Zone".to_owned(),
            focal_point: Some(Point { x: 0.1 + 0.2, y: -3.0 }),
        }],
        sections: vec![section("S", Some(ZoneIndex(0)), Some("2")), section("S", None, None)],
        rows: vec![
            Row {
                label: "B".to_owned(),
                section: Some(SectionIndex(1)),
                seats: vec![SeatIndex(4)],
            },
            Row {
                label: "A".to_owned(),
                section: Some(SectionIndex(0)),
                seats: [0, 1, 5, 2].map(SeatIndex).to_vec(),
            },
            Row { label: "C".to_owned(), section: None, seats: Vec::new() },
        ],
        tables: vec![Table {
            label: "T".to_owned(),
            section: None,
            seats: vec![SeatIndex(3)],
            book_whole: true,
        }],
        areas: vec![Area {
            label: "Lawn".to_owned(),
            section: None,
            category: Some(CategoryIndex(0)),
            capacity: 77,
        }],
        seats: vec![
            seat("unlike its row", 1.0 / 3.0),
            Seat { accessible: true, ..seat("A-2", 2.0) },
            Seat { companion: true, entrance: Some("E".to_owned()), ..seat("A-3", -7.25) },
            Seat { restricted_view: true, section: None, category: None, ..seat("T-1", 0.0) },
            Seat { accessible: true, companion: true, restricted_view: true, ..seat("B-1", 9.5) },
            seat("A-2b", 8e6),
            seat("alone", 5.0),
        ],
        focal_point: None,
    }
}

#[test]
fn everything_comes_back_as_it_was() {
    let chart = Chart::new(everything()).unwrap();
    let bytes = to_canonical_bytes(&chart);
    let again = from_canonical_bytes(&bytes).unwrap();
    assert_eq!(again.parts(), chart.parts());
    assert_eq!(to_canonical_bytes(&again), bytes);
    let imported = import(&bytes, None).unwrap();
    assert_eq!(imported.format, Format::Canonical);
    assert_eq!(imported.chart.parts(), chart.parts());
}

#[test]
fn every_part_has_its_say_in_the_hash() {
    let hash = |parts: ChartParts| content_hash(&to_canonical_bytes(&Chart::new(parts).unwrap()));
    let changes: [fn(&mut ChartParts); 9] = [
        |parts| parts.name.push('!'),
        |parts| parts.focal_point = Some(Point::default()),
        |parts| parts.categories[0].color = Some("red".to_owned()),
        |parts| parts.zones[0].focal_point = None,
        |parts| parts.sections.swap(0, 1),
        |parts| parts.rows[1].seats.swap(0, 1),
        |parts| parts.tables[0].book_whole = false,
        |parts| parts.areas[0].capacity += 1,
        |parts| parts.seats[0].position.x += f64::EPSILON,
    ];
    let mut hashes = vec![hash(everything())];
    hashes.extend(changes.map(|change| {
        let mut parts = everything();
        change(&mut parts);
        hash(parts)
    }));
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 10);
}

#[test]
fn the_sign_of_zero_is_no_difference() {
    let with_x = |x: f64| {
        let mut parts = everything();
        parts.seats[3].position.x = x;
        to_canonical_bytes(&Chart::new(parts).unwrap())
    };
    assert_eq!(with_x(0.0), with_x(-0.0));
}

/// A stored chart is named by these bytes: they may never change.
#[test]
fn golden_bytes() {
    let text = r##"{"format": "holdfast-chart", "version": 1, "name": "Small",
        "focalPoint": {"x": 1.5, "y": -2},
        "categories": [{"key": "k", "label": "K", "color": "#123"}], "zones": [{"key": "z"}],
        "sections": [{"label": "S", "zone": "z", "category": "k", "entrance": "E", "rows": [
            {"label": "A", "x": 0.5, "y": 3, "seats": 3}],
            "areas": [{"label": "G", "capacity": 9}]}],
        "tables": [{"label": "T", "x": 0, "y": 0, "seats": [
            {"label": 1, "x": 1, "y": 1, "accessible": true, "entrance": "F"}]}]}"##;
    let imported = import(text.as_bytes(), None).unwrap();
    let bytes = to_canonical_bytes(&imported.chart);
    let expected = concat!(
        r#"{"format":"holdfast-chart-canonical","version":1,"name":"Small","focalPoint":[1.5,-2],"#,
        r##""categories":[["k","K","#123"]],"zones":[["z","z",null]],"##,
        r#""sections":[["S",0,null,"E"]],"rows":[["A",0,[0,3]]],"#,
        r#""tables":[["T",null,[3,1],false]],"areas":[["S-G",0,0,9]],"#,
        r#""seats":[["S-A-1",0,0,0.5,3,0,null],["S-A-2",0,0,20.5,3,0,null],"#,
        r#"["S-A-3",0,0,40.5,3,0,null],["T-1",null,null,1,1,1,"F"]]}"#,
    );
    assert_eq!(String::from_utf8_lossy(&bytes), expected);
    assert_eq!(
        content_hash(&bytes).to_string(),
        "801f96325185fca5274de689861312de7d7dfef5c184beef3a79185eda750d42"
    );
}

#[test]
fn altered_bytes_are_refused_with_a_reason() {
    let good = String::from_utf8(to_canonical_bytes(&Chart::new(everything()).unwrap())).unwrap();
    let altered = [
        (r#""version":1"#, r#""version":2"#),
        (r#""format":"holdfast-chart-canonical""#, r#""format":"other""#),
        (r#"["B",1,[4,1]]"#, r#"["B",1,[4,4000000000]]"#),
        (r#"["B",1,[4,1]]"#, r#"["B",1,[4]]"#),
        (r#"["B",1,[4,1]]"#, r#"["B",9,[4,1]]"#),
        (r#""alone",0,1,5,0.0000001,0,"#, r#""alone",0,1,5,0.0000001,8,"#),
        (r#""alone""#, r#""A-2""#),
        (r#","areas""#, r#","aeras""#),
    ];
    for (from, to) in altered {
        assert!(good.contains(from), "{from} in {good}");
        let bytes = good.replacen(from, to, 1);
        assert!(from_canonical_bytes(bytes.as_bytes()).is_err(), "{to}");
        assert!(import(bytes.as_bytes(), Some(Format::Canonical)).is_err(), "{to}");
    }
}

#[test]
fn a_canonical_chart_from_somebody_else_is_held_to_the_same_rules() {
    let problem_of = |change: fn(&mut ChartParts)| {
        let mut parts = everything();
        change(&mut parts);
        let bytes = to_canonical_bytes(&Chart::new(parts).unwrap());
        let mistakes = import(&bytes, None).unwrap_err();
        assert_eq!(mistakes.count(), 1, "{mistakes}");
        mistakes.list[0].problem.clone()
    };
    let found = "\"red;\"".to_owned();
    let color = problem_of(|parts| parts.categories[0].color = Some("red;".to_owned()));
    assert_eq!(color, Problem::Color { found });
    let missing = problem_of(|parts| parts.rows[0].label.clear());
    assert_eq!(missing, Problem::Missing { field: "label" });
    let control = problem_of(|parts| parts.seats[2].entrance = Some("a\nb".to_owned()));
    assert_eq!(control, Problem::ControlCharacter { field: "label" });
    let far = problem_of(|parts| parts.seats[0].position.x = 1e8);
    assert_eq!(far, Problem::Coordinate { field: "x", found: "1e8".to_owned() });
    let label = "\"Lawn\"".to_owned();
    let table = problem_of(|parts| parts.tables[0].label = "Lawn".to_owned());
    assert_eq!(table, Problem::Duplicate { what: "the label", label });
    let label = "\"T\"".to_owned();
    let tables = problem_of(|parts| {
        parts.tables.push(Table { seats: Vec::new(), ..parts.tables[0].clone() });
    });
    assert_eq!(tables, Problem::Duplicate { what: "the table", label });
    let spaced = problem_of(|parts| parts.sections[0].label = "S ".to_owned());
    assert_eq!(spaced, Problem::SpaceAround { field: "label" });
    let label = "\"S\"".to_owned();
    let sections = problem_of(|parts| parts.sections[1] = parts.sections[0].clone());
    assert_eq!(sections, Problem::Duplicate { what: "the section", label });
    let label = "\"z\"".to_owned();
    let zones = problem_of(|parts| parts.zones.push(parts.zones[0].clone()));
    assert_eq!(zones, Problem::Duplicate { what: "the zone", label });
}

#[test]
fn the_demonstration_venue_comes_back_too() {
    let chart = generate::demonstration();
    let again = from_canonical_bytes(&to_canonical_bytes(&chart)).unwrap();
    assert_eq!(again.parts(), chart.parts());
}

/// Canonical bytes of a chart by chance, if the core accepts it.
fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    any_chart::parts().prop_filter_map("no chart", |parts| {
        Chart::new(parts).ok().map(|chart| to_canonical_bytes(&chart))
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 500,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn any_chart_comes_back_and_has_one_form(parts in any_chart::parts()) {
        let Ok(chart) = Chart::new(parts) else { return Ok(()) };
        let bytes = to_canonical_bytes(&chart);
        let again = from_canonical_bytes(&bytes).unwrap();
        prop_assert_eq!(again.parts(), chart.parts());
        prop_assert_eq!(to_canonical_bytes(&again), bytes.clone());
        let imported = import(&bytes, None).unwrap();
        prop_assert_eq!(imported.chart.parts(), chart.parts());
        // A label finds its own and no other.
        for (index, seat) in (0..).map(SeatIndex).zip(&chart.parts().seats) {
            prop_assert_eq!(again.seat_by_label(&seat.label), Some(index));
            prop_assert_eq!(again.seat_label(index), Some(seat.label.as_str()));
        }
    }

    #[test]
    fn what_is_cut_short_is_no_chart(bytes in any_bytes(), at in any::<Index>()) {
        let length = at.index(bytes.len());
        prop_assert!(from_canonical_bytes(&bytes[..length]).is_err());
    }

    /// It is another chart then, under another name; its own bytes are the only ones of it.
    #[test]
    fn altered_bytes_are_refused_or_are_another_chart(
        mut bytes in any_bytes(),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..3),
    ) {
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(chart) = from_canonical_bytes(&bytes) {
            let own = to_canonical_bytes(&chart);
            let again = from_canonical_bytes(&own).unwrap();
            prop_assert_eq!(again.parts(), chart.parts());
            prop_assert_eq!(to_canonical_bytes(&again), own);
        }
    }
}
