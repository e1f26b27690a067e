//! Drawings: everything that is sold is in them, whatever it is called, and their size is bounded.

use inventory_charts::draw::to_svg;
use inventory_charts::{from_canonical_bytes, generate};
use inventory_core::chart::{Chart, ChartParts};

use crate::imported;

/// A hall with something of everything.
const HALL: &str = r##"{"format": "holdfast-chart", "version": 1, "name": "Hall",
    "focalPoint": {"x": 50, "y": -40},
    "categories": [{"key": "a", "label": "Best", "color": "#b03060"}, {"key": "b"}],
    "zones": [{"key": "z", "label": "Left side", "focalPoint": {"x": 0, "y": -40}}],
    "sections": [
        {"label": "Stalls", "floor": "Ground", "category": "a", "zone": "z", "rows": [
            {"label": "A", "x": 0, "y": 0, "seats": 5},
            {"label": "B", "y": 20, "seats": [
                {"label": "1", "x": 0, "accessible": true},
                {"label": "2", "x": 20, "companion": true},
                {"label": "3", "x": 40, "restrictedView": true}]}],
         "tables": [{"label": "T1", "x": 200, "y": 10, "seats": 6},
            {"label": "T2", "x": 300, "y": 10, "bookWhole": true, "seats": 6}],
         "areas": [{"label": "Pit", "category": "b", "capacity": 1200}]},
        {"label": "Gallery", "floor": "Upstairs", "category": "b",
         "rows": [{"label": "A", "x": 0, "y": 0, "seats": 3}]}]}"##;

/// Reads the drawing as XML would be read, as far as that matters: tags that match, and no text
/// that opens one.
#[track_caller]
fn check_nesting(svg: &str) {
    let mut open = Vec::new();
    for piece in svg.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap_or_else(|| panic!("no end of <{piece}"));
        assert!(!text.contains('>'), "{text:?} after <{tag}>");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "</{name}>");
        } else if !tag.ends_with('/') {
            open.extend(tag.split_whitespace().next());
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}

#[test]
fn everything_that_is_sold_is_drawn() {
    let svg = to_svg(&imported(HALL).chart);
    check_nesting(&svg);
    for said in [
        "<title>Hall</title>",
        "23 seats  ·  2 sections  ·  3 rows  ·  2 tables  ·  1 area  ·  1,200 places in areas",
        "<title>Stalls-A-5, Best</title>",
        "<title>Stalls-B-1, Best, accessible</title>",
        "<title>Stalls-B-2, Best, companion</title>",
        "<title>Stalls-B-3, Best, restricted view</title>",
        "<title>Stalls-T2-6, Best</title>",
        "<title>Stalls-Pit, 1,200 places</title>",
        ">Ground <",
        ">Upstairs <",
        ">Stalls<",
        ">Gallery<",
        ">T1<",
        ">Left side<",
        ".c0{fill:#b03060}",
        ">3 + 1,200 pl.<",
        ">table, only as a whole<",
    ] {
        assert!(svg.contains(said), "{said} in {svg}");
    }
    assert_eq!(svg.matches("<title>").count(), 1 + 23 + 1);
}

#[test]
fn hostile_labels_stay_text() {
    let hostile = r#"</text><script>alert('&"')</script>"#;
    let json = serde_json::to_string(hostile).unwrap();
    let text = HALL
        .replace("\"Hall\"", &json)
        .replace("\"Best\"", &json)
        .replace("\"Stalls\"", &json)
        .replace("\"Ground\"", &json)
        .replace("\"Left side\"", &json)
        .replace("\"T1\"", &json)
        .replace("\"Pit\"", &json);
    let svg = to_svg(&imported(&text).chart);
    check_nesting(&svg);
    assert!(!svg.contains("<script"), "{svg}");
    assert!(svg.contains("&lt;/text&gt;&lt;script&gt;alert(&#39;&amp;&quot;&#39;)"));
}

/// A chart need not have been imported: what the core accepts is drawn.
#[test]
fn what_no_import_would_let_through_does_no_harm_either() {
    let mut parts: ChartParts = imported(HALL).chart.parts().clone();
    parts.categories[0].color = Some("red}</style><script>".to_owned());
    parts.rows[0].label = "a\u{0}\u{1b}".to_owned();
    for (seat, far) in parts.seats.iter_mut().zip([f64::MAX, f64::MIN, 1e-300, -1e300]) {
        seat.position.x = far;
    }
    let svg = to_svg(&Chart::new(parts).unwrap());
    check_nesting(&svg);
    assert!(!svg.contains("<script") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    assert!(!svg.contains(|letter: char| letter.is_control() && letter != '\n'));
}

#[test]
fn charts_of_little_are_drawn() {
    for (fields, said) in [
        (r#""areas": [{"label": "Lawn", "capacity": 7}]"#, ">Lawn<"),
        (r#""seats": [{"label": "Throne", "x": 5, "y": 5}]"#, "<title>Throne</title>"),
        (r#""rows": [{"label": "A", "x": 0, "y": 0, "spacing": 0, "seats": 3}]"#, ">A-3<"),
        (r#""tables": [{"label": "T", "x": 0, "y": 0, "radius": 0, "seats": 1}]"#, ">T-1<"),
    ] {
        let text =
            format!(r#"{{"format": "holdfast-chart", "version": 1, "name": "n", {fields}}}"#);
        let svg = to_svg(&imported(&text).chart);
        check_nesting(&svg);
        assert!(svg.contains(said), "{said} in {svg}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}

#[test]
fn the_more_seats_there_are_the_less_is_said_of_each() {
    for (seats, bytes_a_seat_max) in [(9_000, 130), (60_000, 20), (300_000, 6)] {
        let svg = to_svg(&generate::with_seats(seats).unwrap());
        check_nesting(&svg);
        let bytes_max = seats as usize * bytes_a_seat_max;
        assert!(svg.len() < bytes_max, "{} bytes for {seats} seats", svg.len());
        let is_titled = svg.contains("<title>101-A-1, ");
        assert_eq!(is_titled, seats < 20_000, "{seats}");
    }
}

#[test]
fn what_lies_between_far_stands_is_cut_out() {
    let stand = |label: &str, x: u32| {
        let rows: Vec<String> = (0..10)
            .map(|row| format!(r#"{{"label": "{row}", "x": {x}, "y": {}, "seats": 20}}"#, row * 20))
            .collect();
        format!(r#"{{"label": "{label}", "rows": [{}]}}"#, rows.join(","))
    };
    let chart = |far: u32| {
        let sections = [stand("East", 0), stand("West", far)].join(",");
        let text = format!(
            r#"{{"format": "holdfast-chart", "version": 1, "name": "n", "sections": [{sections}]}}"#
        );
        imported(&text).chart
    };
    let (near, far) = (to_svg(&chart(600)), to_svg(&chart(1_000_000)));
    assert!(!near.contains("empty space left out"));
    assert!(far.contains("empty space left out"));
    // Seats are as large as ever, so that their numbers can be read.
    assert!(far.contains("class=\"n lt\"") || far.contains("class=\"n dk\""));
}

#[test]
fn a_drawing_is_the_same_every_time() {
    let chart = generate::demonstration();
    let bytes = inventory_charts::to_canonical_bytes(&chart);
    assert_eq!(to_svg(&chart), to_svg(&from_canonical_bytes(&bytes).unwrap()));
}
