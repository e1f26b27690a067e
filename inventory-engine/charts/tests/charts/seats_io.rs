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

#[test]
fn booths_are_seats_in_neither_row_nor_table() {
    let text = chart(
        r#""booths": [
            {"label": "B1", "categoryKey": 1, "center": {"x": 5, "y": 6}, "width": 9},
            {"label": "B2", "categoryKey": "far", "points": [{"x": 0, "y": 0}, {"x": 4, "y": 0},
                {"x": 4, "y": 8}]}],
        "sections": [{"label": "Fair", "categoryKey": 1, "topLeft": {"x": 100, "y": 0}, "subChart":
            {"booths": [{"label": "B1", "center": {"x": 1, "y": 2}, "entrance": "North"}]}}]"#,
    );
    let imported = imported(&text);
    let parts = imported.chart.parts();
    assert_eq!(seat_labels(parts), ["Fair-B1", "B1", "B2"]);
    assert!(parts.rows.is_empty() && parts.tables.is_empty());
    let at: Vec<_> = parts.seats.iter().map(|seat| (seat.position.x, seat.position.y)).collect();
    assert_eq!(at, [(101.0, 2.0), (5.0, 6.0), (2.0, 4.0)]);
    assert_eq!(parts.seats[0].entrance.as_deref(), Some("North"));
    assert_eq!(parts.seats[0].category, Some(CategoryIndex(0)));
    assert_eq!(imported.warnings, Vec::<String>::new());
}

#[test]
fn tables_have_full_labels_and_are_sold_as_the_file_says() {
    let table = |label: &str, fields: &str| {
        let seats = seat(label, 1.0, r#", "categoryKey": 1"#);
        format!(r#"{{"label": "{label}"{fields}, "seats": [{seats}]}}"#)
    };
    let tables = [
        table("T1", r#", "bookAsAWhole": true, "rotationAngle": 45"#),
        table("T2", r#", "bookingMode": "BY_TABLE""#),
        table("T3", r#", "bookingMode": "BY_SEAT", "bookAsAWhole": false"#),
    ];
    let text = chart(&format!(
        r#""tables": [{}], "sections": [{{"label": "S", "topLeft": {{"x": 0, "y": 9}},
            "subChart": {{"tables": [{}, {{"label": "T9", "seats": []}}]}}}}]"#,
        tables.join(","),
        table("T1", "")
    ));
    let imported = imported(&text);
    let tables = &imported.chart.parts().tables;
    let found: Vec<_> = tables.iter().map(|table| (&*table.label, table.book_whole)).collect();
    assert_eq!(
        found,
        [("S-T1", false), ("S-T9", false), ("T1", true), ("T2", true), ("T3", false)]
    );
    let warning = "tables without a seat, of which nothing can be sold: 1";
    assert!(imported.warnings.contains(&warning.to_owned()), "{:?}", imported.warnings);
    let unclear = mistakes(&text.replace("BY_SEAT", "BY_MOOD"));
    let key = "\"BY_MOOD\"".to_owned();
    assert_eq!(unclear.list[0].problem, Problem::Unknown { what: "booking mode", key });
    let twice = mistakes(&text.replace("\"T3\"", "\"T2\""));
    let label = "\"T2\"".to_owned();
    let problem = Problem::Duplicate { what: "the table", label };
    assert!(twice.list.iter().any(|mistake| mistake.problem == problem), "{twice}");
}

#[test]
fn seats_of_an_accessible_category_are_accessible() {
    let text = chart(&format!(
        r#""rows": [{{"label": "A", "seats": [{}, {}, {}, {}]}}]"#,
        seat("1", 1.0, r#", "categoryKey": "far""#),
        seat("2", 2.0, r#", "categoryKey": 1"#),
        seat("3", 3.0, r#", "categoryKey": 1, "categoryAccessible": true"#),
        seat("4", 4.0, r#", "categoryKey": 1, "accessible": true, "companionSeat": true"#),
    ))
    .replace(r##""#654321", "accessible": false"##, r##""#654321", "accessible": true"##);
    let imported = imported(&text);
    let accessible: Vec<bool> =
        imported.chart.parts().seats.iter().map(|seat| seat.accessible).collect();
    assert_eq!(accessible, [true, false, true, true]);
    assert!(imported.chart.parts().seats[3].companion);
}

/// A section that is drawn at a scale, its content as large as that says.
fn scaled(factor: &str, content_size: f64) -> String {
    let section = format!(
        r#""sections": [{{"label": "S", "categoryKey": 1, "topLeft": {{"x": 100, "y": 0}},
            "rotationAngle": 90, "points": [{{"x": 100, "y": 0}}, {{"x": 150, "y": 0}},
            {{"x": 150, "y": 50}}, {{"x": 100, "y": 50}}], "subChart": {{
            "width": {content_size}, "height": {content_size}, "rows": [
            {{"label": "A", "rotationAngle": 45, "seats": [{}]}}]}}}}]"#,
        seat("1", 20.0, "")
    );
    chart(&section).replacen('{', &format!(r#"{{"sectionScaleFactor": {factor}, "#), 1)
}

#[test]
fn sections_have_a_scale_and_their_rotation_is_in_the_positions_already() {
    for (factor, content_size, x) in [
        ("100", 52.0, 120.0),
        // The outline is half, or twice, as large as the content.
        ("50", 100.0, 110.0),
        ("50", 25.0, 140.0),
        ("200", 25.0, 140.0),
        ("200", 100.0, 110.0),
        // The percentage is of something else: the content fits as it is.
        ("50", 52.0, 120.0),
    ] {
        let imported = imported(&scaled(factor, content_size));
        let found = imported.chart.parts().seats[0].position.x;
        assert_eq!(found, x, "{factor} % of {content_size}");
    }
    for factor in ["0", "-50", "1e7"] {
        let found = mistakes(&scaled(factor, 52.0));
        assert!(matches!(found.list[0].problem, Problem::Scale { .. }), "{found}");
    }
}
