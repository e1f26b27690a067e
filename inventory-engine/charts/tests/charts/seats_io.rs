//! The seats.io designer format, by small charts of our own.

use inventory_charts::{Format, Problem, import};
use inventory_core::chart::Point;
use inventory_core::ids::{CategoryIndex, SeatIndex};

use crate::{imported, mistakes, seat_labels};

/// A chart with one sub-chart.
fn chart(sub_chart: &str) -> String {
    format!(
        r##"{{"name": "Hall", "version": 22, "venueType": "X", "uuidCounter": 4,
            "categories": {{"list": [
                {{"key": 1, "label": "Near", "color": "#123456", "accessible": false}},
                {{"key": "far", "label": "Far", "color": "#654321", "accessible": false}}
            ], "maxCategoryKey": 1}},
            "zones": {{"list": [
                {{"key": "goal", "label": "Goal", "focalPoint": {{"x": 9, "y": 8.5}}}}
            ]}},
            "subChart": {{"height": 10, "width": 10, {sub_chart}}}}}"##
    )
}

fn seat(label: &str, x: f64, more: &str) -> String {
    format!(r#"{{"label": "{label}", "x": {x}, "y": 2.25, "uuid": "u", "published": true{more}}}"#)
}

#[test]
fn sections_add_their_place_their_category_and_their_name() {
    let text = chart(&format!(
        r#""focalPoint": {{"x": 1, "y": 2}}, "sections": [{{
            "label": "Section A", "zone": "goal", "categoryKey": 1, "categoryLabel": "Near",
            "entrance": "North", "topLeft": {{"x": 189.94, "y": 10}},
            "points": [{{"x": 1, "y": 1}}],
            "subChart": {{"rows": [
                    {{"label": "A", "curve": 0, "rotationAngle": 30, "seats": [{}, {}]}}],
                "tables": [], "generalAdmissionAreas": [
                    {{"label": "GA", "capacity": 7, "categoryKey": "far"}}]}}
        }}]"#,
        seat("1", 18.25, r#", "categoryKey": null"#),
        seat("2", 38.5, r#", "categoryKey": "far", "accessible": true, "restrictedView": true"#),
    ));
    let imported = imported(&text);
    assert_eq!(imported.format, Format::SeatsIo);
    let parts = imported.chart.parts();
    assert_eq!(seat_labels(parts), ["Section A-A-1", "Section A-A-2"]);
    assert_eq!(parts.seats[0].position, Point { x: 208.19, y: 12.25 });
    assert_eq!(parts.seats[0].category, Some(CategoryIndex(0)));
    assert_eq!(parts.seats[1].category, Some(CategoryIndex(1)));
    assert!(parts.seats[1].accessible && parts.seats[1].restricted_view);
    assert_eq!(parts.sections[0].entrance.as_deref(), Some("North"));
    assert_eq!(parts.zones[0].focal_point, Some(Point { x: 9.0, y: 8.5 }));
    assert_eq!(parts.focal_point, Some(Point { x: 1.0, y: 2.0 }));
    assert_eq!((&*parts.areas[0].label, parts.areas[0].capacity), ("Section A-GA", 7));
    assert_eq!(imported.warnings, [""; 0]);
}

#[test]
fn rows_tables_and_areas_stand_without_sections_too() {
    let text = chart(&format!(
        r#""rows": [{{"label": "A", "seats": [{}]}}],
           "tables": [{{"label": "T1", "center": {{"x": 3, "y": 4}}, "seats": [{}, {}],
                        "bookAsAWhole": true}},
                      {{"label": "T2", "seats": [{}]}}],
           "generalAdmissionAreas": [{{"label": "GA1", "capacity": 100, "categoryKey": 1}}],
           "sections": []"#,
        seat("1", 1.0, r#", "categoryKey": 1"#),
        seat("1", 2.0, r#", "categoryKey": 1"#),
        seat("2", 3.0, r#", "categoryKey": 1, "companionSeat": true"#),
        seat("1", 4.0, r#", "categoryKey": 1"#),
    ));
    let imported = imported(&text);
    let parts = imported.chart.parts();
    assert_eq!(seat_labels(parts), ["A-1", "T1-1", "T1-2", "T2-1"]);
    let tables: Vec<_> = parts.tables.iter().map(|t| (&*t.label, t.book_whole)).collect();
    assert_eq!(tables, [("T1", true), ("T2", false)]);
    assert_eq!(parts.tables[0].seats, [1, 2].map(SeatIndex));
    assert!(parts.seats[2].companion);
    assert_eq!(parts.areas[0].label, "GA1");
}

fn floors(first: &str, second: &str) -> String {
    let floor = |name: &str, label: &str| {
        format!(
            r#"{{"floorName": "{name}", "floorDisplayName": "Floor {name}", "focalPoint": null,
                "sections": [{{"label": "{label}", "topLeft": {{"x": 0, "y": 0}}, "subChart":
                    {{"rows": [{{"label": "A", "seats": [{}]}}]}}}}],
                "generalAdmissionAreas": [{{"label": "Bar {name}", "capacity": 5}}]}}"#,
            seat("1", 1.0, "")
        )
    };
    let (first, second) = (floor("1", first), floor("2", second));
    format!(r#"{{"name": "Tower", "subChartFloors": [{first}, {second}]}}"#)
}

#[test]
fn floors_are_read_and_named_where_their_sections_share_a_name() {
    let different = imported(&floors("S1", "S2"));
    let parts = different.chart.parts();
    assert_eq!(seat_labels(parts), ["S1-A-1", "S2-A-1"]);
    let on: Vec<_> = parts.sections.iter().map(|section| section.floor.as_deref()).collect();
    assert_eq!(on, [Some("Floor 1"), Some("Floor 2")]);
    let same = imported(&floors("S", "S"));
    assert_eq!(seat_labels(same.chart.parts()), ["Floor 1-S-A-1", "Floor 2-S-A-1"]);
    let clash = imported(&floors("Bar 2", "S"));
    let areas: Vec<_> = clash.chart.parts().areas.iter().map(|area| &*area.label).collect();
    assert_eq!(areas, ["Bar 1", "Floor 2-Bar 2"]);
}

#[test]
fn what_is_drawn_only_is_no_mistake_and_what_could_be_sold_is_warned_of() {
    let text = chart(&format!(
        r#""rows": [{{"label": "A", "seats": [{}]}}], "shapes": [{{"type": "circle"}}, 7],
           "texts": [{{"text": "Bar"}}], "booths": [{{"label": "B1", "categoryKey": 1}}],
           "backgroundImage": {{"backgroundImageKey": "k"}},
           "generalAdmissionAreas": [{{"label": "G", "capacity": 4, "bookAsAWhole": true,
                                       "categoryKey": 1}}],
           "sections": [{{"label": "S", "categoryKey": 1, "subChart": {{"icons": [1]}}}}]"#,
        seat("1", 1.0, r#", "categoryKey": 1"#),
    ));
    assert_eq!(
        imported(&text).warnings,
        [
            "areas that are sold place by place, not as a whole: 1",
            "sections without topLeft, taken to start at 0, 0: 1",
            "booths without a place, taken to be at 0, 0: 1",
            "shapes, texts, icons and images that are not read: 4",
        ]
    );
}

#[test]
fn mistakes_are_named_by_object_and_pointer() {
    let text = chart(&format!(
        r#""sections": [{{"label": "A", "categoryKey": 7, "zone": "?",
            "topLeft": {{"x": 0, "y": 0}}, "subChart": {{"sections": [{{}}], "rows": [
                {{"label": "B", "seats": [{}, {}, {}]}}]}}}}]"#,
        seat("1", 1.0, ""),
        seat("", 1.0, ""),
        seat("1", 1.0, r#", "categoryKey": "lost""#),
    ));
    let mistakes = mistakes(&text);
    let found: Vec<String> = mistakes
        .list
        .iter()
        .map(|mistake| format!("{} {}: {}", mistake.object, mistake.pointer, mistake.problem))
        .collect();
    let section = "section \"A\"";
    let at = "/subChart/sections/0";
    assert_eq!(
        found,
        [
            format!("{section} {at}: there is no zone \"?\""),
            format!("{section} {at}: there is no category \"7\""),
            format!("{section} {at}/subChart: there are 1 sections within this section"),
            format!(
                "{section} / row \"B\" / seat number 2 {at}/subChart/rows/0/seats/1: \
                 \"label\" is missing or empty"
            ),
            format!(
                "{section} / row \"B\" / seat \"1\" {at}/subChart/rows/0/seats/2: \
                 there is no category \"lost\""
            ),
            format!(
                "{section} / row \"B\" / seat \"1\" {at}/subChart/rows/0/seats/2: \
                 the label \"A-B-1\" is there twice"
            ),
        ]
    );
}

#[test]
fn a_format_that_is_given_is_not_guessed() {
    let mistakes = import(br#"{"name": "n"}"#, Some(Format::SeatsIo)).unwrap_err();
    assert_eq!(mistakes.list[0].problem, Problem::NothingToSell);
    assert_eq!("seats-io".parse(), Ok(Format::SeatsIo));
    assert!("pdf".parse::<Format>().is_err());
}
