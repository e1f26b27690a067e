//! Seating plans of pretix: what becomes of zones, rows and seats, and what is wrong with a plan.

use inventory_charts::{Format, Problem, import};
use inventory_core::chart::Point;
use inventory_core::ids::{CategoryIndex, SeatIndex, SectionIndex};

use crate::{imported, mistakes, seat_labels};

/// A plan with these zones.
fn plan(zones: &str) -> String {
    format!(
        r##"{{"name": "Playhouse", "size": {{"width": 800, "height": 600}},
            "categories": [{{"name": "Stalls", "color": "#7f4a91"}}, {{"name": "Balcony"}}],
            "zones": [{zones}]}}"##
    )
}

fn zone(name: &str, x: f64, rows: &str) -> String {
    format!(
        r#"{{"name": "{name}", "zone_id": "z-{name}", "uuid": "1",
            "position": {{"x": {x}, "y": 10.5}}, "rows": [{rows}], "areas": []}}"#
    )
}

fn row(number: &str, y: f64, seats: &str) -> String {
    format!(
        r#"{{"row_number": "{number}", "row_number_position": "both", "row_label": null,
            "seat_label": null, "uuid": "2", "position": {{"x": 1, "y": {y}}},
            "seats": [{seats}]}}"#
    )
}

fn seat(number: &str, x: f64, category: &str) -> String {
    format!(
        r#"{{"seat_guid": "g{number}", "seat_number": "{number}", "uuid": "3", "radius": 10,
            "start_direction": null, "position": {{"x": {x}, "y": 0.25}},
            "category": "{category}"}}"#
    )
}

#[test]
fn positions_add_up_from_zone_to_row_to_seat() {
    let seats = [seat("1", 0.0, "Stalls"), seat("2", 25.1, "Balcony")].join(",");
    let rows = [row("A", 2.0, &seats), row("B", 30.0, &seat("1", 0.0, "Stalls"))].join(",");
    let imported = imported(&plan(&zone("Hall", 100.05, &rows)));
    assert_eq!(imported.format, Format::Pretix);
    assert_eq!(imported.warnings, Vec::<String>::new());
    let parts = imported.chart.parts();
    assert_eq!(parts.name, "Playhouse");
    assert_eq!(seat_labels(parts), ["Hall-A-1", "Hall-A-2", "Hall-B-1"]);
    let positions: Vec<Point> = parts.seats.iter().map(|seat| seat.position).collect();
    let at = |x, y| Point { x, y };
    assert_eq!(positions, [at(101.05, 12.75), at(126.15, 12.75), at(101.05, 40.75)]);
    assert_eq!(parts.seats[1].category, Some(CategoryIndex(1)));
    assert_eq!(parts.rows[0].seats, [SeatIndex(0), SeatIndex(1)]);
    assert_eq!(parts.rows[1].section, Some(SectionIndex(0)));
    let categories = parts.categories.iter().map(|c| (&*c.key, &*c.label, c.color.as_deref()));
    let expected = [("Stalls", "Stalls", Some("#7f4a91")), ("Balcony", "Balcony", None)];
    assert_eq!(categories.collect::<Vec<_>>(), expected);
}

#[test]
fn an_aisle_makes_two_rows_of_one_number() {
    let left = row("A", 0.0, &[seat("1", 0.0, "Stalls"), seat("2", 20.0, "Stalls")].join(","));
    let right = row("A", 0.0, &seat("3", 90.0, "Stalls"));
    let parts = imported(&plan(&zone("Hall", 0.0, &[left.clone(), right].join(","))));
    assert_eq!(parts.chart.parts().rows.len(), 2);
    assert_eq!(seat_labels(parts.chart.parts()), ["Hall-A-1", "Hall-A-2", "Hall-A-3"]);
    // The same seat in both halves is the same seat twice.
    let again = row("A", 0.0, &seat("2", 90.0, "Stalls"));
    let found = mistakes(&plan(&zone("Hall", 0.0, &[left, again].join(","))));
    assert_eq!(found.count(), 1, "{found}");
    let label = "\"Hall-A-2\"".to_owned();
    assert_eq!(found.list[0].problem, Problem::Duplicate { what: "the label", label });
    assert_eq!(found.list[0].pointer, "/zones/0/rows/1/seats/0");
}

#[test]
fn zones_of_one_name_are_one_section_and_of_none_are_none() {
    let of = |seat_number: &str| row("A", 0.0, &seat(seat_number, 0.0, "Stalls"));
    let nameless = format!(r#"{{"position": {{"x": 7, "y": 7}}, "rows": [{}]}}"#, of("9"));
    let by_id = format!(
        r#"{{"zone_id": "west", "position": {{"x": 9, "y": 9}}, "rows": [{}],
            "areas": [{{"shape": "circle"}}]}}"#,
        of("1").replace("\"row_label\": null", "\"row_label\": \"Row A\"")
    );
    let zones = [zone("Hall", 0.0, &of("1")), zone("Hall", 50.0, &of("2")), nameless, by_id];
    let imported = imported(&plan(&zones.join(",")));
    let parts = imported.chart.parts();
    let sections: Vec<&str> = parts.sections.iter().map(|section| &*section.label).collect();
    assert_eq!(sections, ["Hall", "west"]);
    assert_eq!(seat_labels(parts), ["Hall-A-1", "Hall-A-2", "A-9", "west-A-1"]);
    assert_eq!(
        imported.warnings,
        [
            "zones that share the name of another, made one section with it: 1",
            "zones without a name, whose rows are outside of sections: 1",
            "rows whose row_label and seat_label are not read: 1",
            "areas that are drawn shapes and nothing to sell: 1",
        ]
    );
}

#[test]
fn mistakes_are_named_by_object() {
    let seats = [
        seat("", 0.0, "Stalls"),
        seat("2", 0.0, "Gallery"),
        r#"{"seat_number": "3", "category": "Stalls"}"#.to_owned(),
        r#"{"seat_number": "4", "position": {"x": "left", "y": null}}"#.to_owned(),
        seat("5", 1e9, "Stalls"),
    ];
    let rows = format!(r#"{}, {{"seats": 5}}, 7"#, row("A", 0.0, &seats.join(",")));
    let zones = format!(r#"{}, {{"name": 1.5}}"#, zone("Hall", 0.0, &rows));
    let text = plan(&zones).replace(r#"{"name": "Balcony"}"#, r#"{"color": "none;"}"#);
    let found: Vec<String> = mistakes(&text)
        .list
        .iter()
        .map(|mistake| format!("{}: {}", mistake.object, mistake.problem))
        .collect();
    let row = "zone \"Hall\" / row \"A\"";
    let far = "1e9; a number from -10000000 to 10000000 is possible";
    assert_eq!(
        found,
        [
            "category number 2: \"name\" is missing or empty".to_owned(),
            "category number 2: the color \"none;\" is no CSS colour".to_owned(),
            "zone \"Hall\": element 2 of \"rows\" is a number; an object belongs there (1 such)"
                .to_owned(),
            format!("{row} / seat number 1: \"seat_number\" is missing or empty"),
            format!("{row} / seat \"2\": there is no category \"Gallery\""),
            format!("{row} / seat \"3\": \"position\" is missing or empty"),
            format!("{row} / seat \"4\" / position: \"x\" is a text; a number belongs there"),
            format!("{row} / seat \"4\" / position: \"y\" is missing or empty"),
            format!("{row} / seat \"5\" / position: \"x\" is {far}"),
            "zone \"Hall\" / row number 2: \"row_number\" is missing or empty".to_owned(),
            "zone \"Hall\" / row number 2: \"seats\" is a number; a list belongs there".to_owned(),
            "zone number 2: \"name\" is a number; a text or a whole number belongs there"
                .to_owned(),
            "zone number 2: \"rows\" is missing or empty".to_owned(),
        ]
    );
}

#[test]
fn a_plan_is_known_by_its_lists() {
    let format_of = |text: &str| import(text.as_bytes(), None).map(|imported| imported.format);
    let good = plan(&zone("Hall", 0.0, &row("A", 0.0, &seat("1", 0.0, "Stalls"))));
    assert_eq!(format_of(&good), Ok(Format::Pretix));
    // One of ours whose "format" was forgotten is not taken for a plan.
    let ours = r#"{"version": 1, "name": "n", "categories": [], "zones": [], "rows": []}"#;
    let found = format_of(ours).unwrap_err();
    assert_eq!(found.list[0].problem, Problem::UnknownFormat);
    assert_eq!("pretix".parse(), Ok(Format::Pretix));
}
