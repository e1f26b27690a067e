//! Whatever the bytes, reading ends with a chart or with mistakes.

use inventory_charts::limits::{DEPTH_MAX, FILE_BYTES_MAX, OBJECTS_MAX};
use inventory_charts::{Format, Problem, draw, import, to_document};
use inventory_core::chart::Chart;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

use crate::mistakes;

const OURS: &str = r##"{"format": "holdfast-chart", "version": 1, "name": "n",
    "focalPoint": {"x": 1, "y": 2}, "categories": [{"key": "k", "label": "l", "color": "#fff"}],
    "zones": [{"key": "z", "focalPoint": {"x": 1, "y": 2}}],
    "sections": [{"label": "S", "zone": "z", "category": "k", "floor": "1", "rows": [
        {"label": "A", "x": 0, "y": 0, "spacing": 2, "seats": 3},
        {"label": "B", "y": 0, "seats": [{"label": "1", "x": 4, "accessible": true}]}]}],
    "rows": [{"label": "R", "section": 0, "seats": [
        {"fullLabel": "x", "section": -1, "x": 7, "y": 7}]}],
    "tables": [{"label": "T", "x": 0, "y": 0, "radius": 3, "seats": 5}],
    "areas": [{"label": "G", "capacity": 10}], "seats": [{"label": "L", "x": 1, "y": 1}]}"##;

const THEIRS: &str = r##"{"name": "n", "sectionScaleFactor": 90,
    "categories": {"list": [{"key": 1, "label": "l"}]},
    "zones": {"list": [{"key": "z", "focalPoint": {"x": 1, "y": 2}}]},
    "subChartFloors": [{"floorName": "1", "sections": [{"label": "S", "categoryKey": 1,
        "topLeft": {"x": 1, "y": 2}, "points": [{"x": 1, "y": 2}],
        "subChart": {"width": 9, "rows": [{"label": "A", "seats": [
            {"label": "1", "x": 1, "y": 1}]}]}}]}],
    "subChart": {"tables": [{"label": "T", "seats": [{"label": "1", "x": 1, "y": 1}]}],
        "booths": [{"label": "B", "center": {"x": 1, "y": 9}}],
        "generalAdmissionAreas": [{"label": "G", "capacity": 10}], "texts": [1, {}]}}"##;

const CANONICAL: &str = r##"{"format":"holdfast-chart-canonical","version":1,"name":"Small",
    "focalPoint":[1.5,-2],"categories":[["k","K","#123"]],"zones":[["z","z",null]],
    "sections":[["S",0,null,"E"]],"rows":[["A",0,[0,3]]],"tables":[["T",null,[3,1],false]],
    "areas":[["S-G",0,0,9]],"seats":[["S-A-1",0,0,0.5,3,0,null],["S-A-2",0,0,20.5,3,0,null],
    ["S-A-3",0,0,40.5,3,0,null],["T-1",null,null,1,1,1,"F"]]}"##;

const PLAN: &str = r##"{"name": "n", "size": {"width": 10, "height": 10},
    "categories": [{"name": "k", "color": "#123"}, {"name": "l"}],
    "zones": [{"name": "Z", "zone_id": "z", "position": {"x": 1, "y": 2}, "areas": [{}], "rows": [
        {"row_number": "A", "row_label": null, "position": {"x": 1, "y": 2}, "seats": [
            {"seat_guid": "g", "seat_number": "1", "position": {"x": 3.5, "y": 2}, "category": "k"},
            {"seat_guid": "h", "seat_number": "2", "position": {"x": 9, "y": 2}, "category": "l"}
        ]}]}]}"##;

const SAMPLES: [&str; 5] = [OURS, INDEXED, THEIRS, PLAN, CANONICAL];

/// Seats that say their indexes and sections themselves.
const INDEXED: &str = r##"{"format": "holdfast-chart", "version": 1, "name": "n",
    "sections": [{"label": "S", "rows": [{"label": "A", "y": 0, "spacing": 2, "seats": [
        {"label": "1", "x": 4, "index": 1}, {"label": "2", "x": 6, "index": 0}]}]}],
    "rows": [{"label": "R", "section": 0, "seats": [
        {"fullLabel": "x", "index": 2, "section": -1, "x": 7, "y": 7}]}],
    "seats": [{"label": "L", "index": 3, "x": 1, "y": 1}]}"##;

/// Things that somebody may put where they do not belong.
const STRANGE: &[&str] = &[
    "null",
    "true",
    "-1",
    "0",
    "1e308",
    "-0.0",
    "18446744073709551615",
    "1.5",
    "\"\"",
    "\"x\"",
    "[]",
    "{}",
    "[[]]",
    "[null]",
    "{\"x\":1}",
    "\"\\ud800\"",
    "\"\\u0000\"",
    "1e400",
    "[",
    "}",
    "4294967295",
    "\"-\"",
];

/// What was imported can be drawn, and comes back from its export.
fn used(chart: &Chart) {
    assert!(draw::to_svg(chart).ends_with("</svg>\n"));
    let exported = to_document(chart);
    match import(exported.as_bytes(), None) {
        Ok(again) => assert_eq!(again.chart.parts(), chart.parts()),
        Err(mistakes) => panic!("{mistakes}\nin {exported}"),
    }
}

fn read(bytes: &[u8]) {
    for format in Format::ALL.map(Some).into_iter().chain([None]) {
        match import(bytes, format) {
            Ok(imported) => used(&imported.chart),
            Err(mistakes) => {
                assert!(!mistakes.is_empty());
                assert!(mistakes.list.iter().all(|mistake| !mistake.object.is_empty()));
                assert!(!mistakes.to_string().is_empty());
            }
        }
    }
}

#[test]
fn the_samples_are_charts() {
    for sample in SAMPLES {
        assert!(import(sample.as_bytes(), None).is_ok(), "{sample}");
    }
}

/// Each value of each sample is replaced by each strange thing once.
#[test]
fn strange_values_everywhere() {
    let mut variants = 0;
    for sample in SAMPLES {
        let starts = sample.match_indices([':', '[', ',']).map(|(at, found)| at + found.len());
        for start in starts {
            let value = sample[start..].trim_start();
            let start = sample.len() - value.len();
            let length = value_end(value);
            for strange in STRANGE {
                let text = format!("{}{strange}{}", &sample[..start], &sample[start + length..]);
                read(text.as_bytes());
                variants += 1;
            }
        }
    }
    assert!(variants > 3_000, "{variants}");
}

/// Where a JSON value at the start of a text ends, near enough.
fn value_end(text: &str) -> usize {
    let (mut depth, mut in_text) = (0_i32, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => in_text = !in_text,
            _ if in_text => {}
            '{' | '[' => depth += 1,
            '}' | ']' | ',' if depth == 0 => return at,
            '}' | ']' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

#[test]
fn cut_off_anywhere() {
    for sample in SAMPLES {
        for end in 0..sample.len() {
            if sample.is_char_boundary(end) {
                assert!(import(&sample.as_bytes()[..end], None).is_err(), "cut at {end}");
            }
        }
    }
}

#[test]
fn deep_and_wide() {
    read("[".repeat(1_000_000).as_bytes());
    read("{\"subChart\":".repeat(100_000).as_bytes());
    let nested =
        format!("{{\"subChart\":{}1{}}}", "[".repeat(DEPTH_MAX - 1), "]".repeat(DEPTH_MAX - 1));
    read(nested.as_bytes());
    let wide = format!("{{\"subChart\":{{\"rows\":[{}1]}}}}", "1,".repeat(2_000_000));
    read(wide.as_bytes());
    let objects = format!("{{\"subChart\":{{\"rows\":[{}{{}}]}}}}", "{},".repeat(OBJECTS_MAX));
    let mistakes = import(objects.as_bytes(), None).unwrap_err();
    let expected = Problem::TooManyObjects { objects: OBJECTS_MAX + 3 };
    assert_eq!(mistakes.list[0].problem, expected);
}

#[test]
fn a_file_too_large_is_not_even_looked_at() {
    let bytes = vec![b' '; FILE_BYTES_MAX + 1];
    let mistakes = import(&bytes, None).unwrap_err();
    assert_eq!(mistakes.list[0].problem, Problem::FileTooLarge { bytes: FILE_BYTES_MAX + 1 });
}

#[test]
fn many_rows_of_very_many_seats_cost_no_more_than_the_largest_chart() {
    let row = r#"{"label": "A", "x": 0, "y": 0, "spacing": 0, "seats": 1048576}"#;
    let rows = vec![row; 10_000].join(",");
    let text =
        format!(r#"{{"format": "holdfast-chart", "version": 1, "name": "n", "rows": [{rows}]}}"#);
    let mistakes = import(text.as_bytes(), None).unwrap_err();
    let last = mistakes.list.last().map(|mistake| &mistake.problem);
    assert_eq!(last, Some(&Problem::TooManySeats { seats: 10_000 << 20 }));
}

#[test]
fn other_encodings_are_told_and_a_mark_in_front_is_no_matter() {
    let problem = |bytes: &[u8]| import(bytes, None).unwrap_err().list.remove(0).problem;
    for sample in SAMPLES {
        let marked = [b"\xef\xbb\xbf", sample.as_bytes()].concat();
        assert!(import(&marked, None).is_ok());
        let little: Vec<u8> = sample.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = sample.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for wide in [&little, &big] {
            assert_eq!(problem(wide), Problem::Encoding { found: "UTF-16" });
        }
        let marked = [b"\xff\xfe", little.as_slice()].concat();
        assert_eq!(problem(&marked), Problem::Encoding { found: "UTF-16" });
    }
    // Not UTF-8 within, and half a surrogate pair: the JSON reader says where.
    let bytes = OURS.replace("\"n\"", "\"@\"").into_bytes();
    let bytes: Vec<u8> =
        bytes.iter().map(|byte| if *byte == b'@' { 0xff } else { *byte }).collect();
    assert!(matches!(problem(&bytes), Problem::Unreadable { line: 1, .. }));
    let half = OURS.replace("\"n\"", r#""\ud800""#);
    assert!(matches!(problem(half.as_bytes()), Problem::Unreadable { line: 1, .. }));
}

/// Each as `object: problem`.
fn told(text: &str) -> Vec<String> {
    let list = mistakes(text).list;
    list.iter().map(|mistake| format!("{}: {}", mistake.object, mistake.problem)).collect()
}

#[test]
fn coordinates_that_are_none_are_told_by_object_in_every_format() {
    for (sample, from) in [
        (OURS, r#""x": 4,"#),
        (OURS, r#""x": 7,"#),
        (THEIRS, r#""label": "1", "x": 1,"#),
        (THEIRS, r#""topLeft": {"x": 1,"#),
        (PLAN, r#""position": {"x": 3.5,"#),
    ] {
        assert!(sample.contains(from), "{from}");
        let start = from.rfind(' ').unwrap();
        for (value, said) in [
            ("\"NaN\"", "\"x\" is a text; a number belongs there"),
            ("1e999", "\"x\" is 9e307; a number from -10000000 to 10000000 is possible"),
            ("-1e9999", "\"x\" is 9e307; a number from -10000000 to 10000000 is possible"),
            ("10000001", "\"x\" is 1.0000001e7; a number from -10000000 to 10000000 is possible"),
            ("[1]", "\"x\" is a list; a number belongs there"),
        ] {
            let text = sample.replacen(from, &format!("{} {value},", &from[..start]), 1);
            let found = told(&text);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].ends_with(said), "{found:?}");
            assert!(!found[0].starts_with("the chart"), "{found:?}");
        }
        let nothing = sample.replacen(from, &format!("{} null,", &from[..start]), 1);
        let is_needed = from != r#""x": 4,"#;
        assert!(!is_needed || told(&nothing)[0].ends_with("\"x\" is missing or empty"));
    }
}

#[test]
fn nothing_can_contain_itself() {
    let of_ours = OURS.replace(r#""zone": "z","#, r#""zone": "z", "parent": "S","#);
    assert!(told(&of_ours)[0].contains(r#"there is no field "parent" here"#));
    let of_ours = OURS.replace(r#""key": "z","#, r#""key": "z", "zone": "z","#);
    assert!(told(&of_ours)[0].contains(r#"there is no field "zone" here"#));
    // What a designer's zone says beside its name is not read: nobody follows it around.
    let of_theirs = THEIRS.replace(r#""key": "z","#, r#""key": "z", "zone": "z", "parent": "z","#);
    assert!(import(of_theirs.as_bytes(), None).is_ok());
    let section = r#"{"label": "S", "topLeft": {"x": 0, "y": 0}, "subChart": "#;
    let ten_deep = format!(
        r#"{{"name": "n", "subChart": {{"sections": [{}{{}}{}]}}}}"#,
        format!(r#"{section}{{"sections": ["#).repeat(8),
        "]}}".repeat(8)
    );
    assert_eq!(told(&ten_deep), [r#"section "S": there are 1 sections within this section"#]);
    let very_deep = format!(r#"{section}{{"sections": ["#).repeat(10_000);
    let very_deep = format!(r#"{{"subChart": {{"sections": [{very_deep}"#);
    assert!(matches!(mistakes(&very_deep).list[0].problem, Problem::TooDeep { .. }));
}

#[test]
fn indexes_and_sections_that_are_none_are_told() {
    for (from, to, said) in [
        ("\"index\": 2", "\"index\": 1", "row \"R\" / seat number 1: \"index\" is 1; each"),
        ("\"index\": 2", "\"index\": -1", "row \"R\" / seat number 1: \"index\" is -1; each"),
        ("\"index\": 2", "\"index\": 1.5", "row \"R\" / seat number 1: \"index\" is 1.5; each"),
        ("\"index\": 2", "\"index\": 1e300", "row \"R\" / seat number 1: \"index\" is 1e300;"),
        ("\"section\": -1", "\"section\": 1", "row \"R\" / seat number 1: \"section\" is 1; the"),
        ("\"section\": -1", "\"section\": -2", "row \"R\" / seat number 1: \"section\" is -2;"),
        ("\"section\": 0", "\"section\": 0.5", "row \"R\": \"section\" is 0.5; the position"),
        ("\"spacing\": 2", "\"section\": 0", "section \"S\" / row \"A\": \"section\" is named"),
    ] {
        let found = told(&INDEXED.replacen(from, to, 1));
        assert!(found.iter().any(|found| found.starts_with(said)), "{said} in {found:?}");
    }
    let some = told(&INDEXED.replacen(", \"index\": 3", "", 1));
    assert_eq!(
        some,
        ["the chart: 1 seats have no \"index\", others do; the first without is \"L\""]
    );
    let beyond = told(&INDEXED.replacen("\"index\": 3", "\"index\": 50", 1));
    assert_eq!(beyond.len(), 1, "{beyond:?}");
    assert!(beyond[0].starts_with("the chart: \"index\" is 50; each"), "{beyond:?}");
}

#[test]
fn seats_on_top_of_each_other_are_warned_of() {
    let warnings = |text: &str| import(text.as_bytes(), None).unwrap().warnings;
    let on_top = OURS.replace("\"spacing\": 2", "\"spacing\": 0");
    let said = "seats that lie exactly on top of another: 2, the first \"S-A-2\" on \"S-A-1\"";
    assert!(warnings(&on_top).contains(&said.to_owned()), "{:?}", warnings(&on_top));
    // One above the other is no harm.
    let floors = r#"{"format": "holdfast-chart", "version": 1, "name": "n", "sections": [
        {"label": "S", "floor": "1", "rows": [{"label": "A", "x": 0, "y": 0, "seats": 2}]},
        {"label": "S", "floor": "2", "rows": [{"label": "A", "x": 0, "y": 0, "seats": 2}]}]}"#;
    assert_eq!(warnings(floors), ["4 seats and 0 areas have no category"]);
}

#[test]
fn keys_that_are_there_twice_are_told() {
    assert!(
        told(&OURS.replace("\"key\": \"k\",", "\"key\": \"k\", \"key\": \"k\","))[0]
            .contains("the field \"key\" is there twice")
    );
    for (sample, field) in [(THEIRS, "\"label\": \"S\","), (PLAN, "\"row_number\": \"A\",")] {
        let found = mistakes(&sample.replacen(field, &field.repeat(2), 1));
        let Problem::Unreadable { reason, .. } = &found.list[0].problem else { panic!("{found}") };
        assert!(reason.starts_with("duplicate field"), "{reason}");
    }
}

#[test]
fn a_file_full_of_mistakes_is_listed_within_bounds() {
    let seat = r#"{"label": "", "x": "NaN", "y": 1e999, "categoryKey": "?"},"#.repeat(50_000);
    let text = format!(
        r#"{{"name": "", "subChart": {{"rows": [{{"label": "A", "seats": [{seat} 7]}}]}}}}"#
    );
    let found = mistakes(&text);
    assert_eq!((found.list.len(), found.count()), (1_000, 2 + 4 * 50_000));
    assert!(found.to_string().len() < 1_000_000);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2_000,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read(&bytes);
    }

    #[test]
    fn a_chart_with_some_bytes_changed(
        sample in prop::sample::select(SAMPLES.to_vec()),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = sample.as_bytes().to_vec();
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        read(&bytes);
    }

    #[test]
    fn a_chart_with_a_piece_moved(
        sample in prop::sample::select(SAMPLES.to_vec()),
        from in any::<Index>(),
        to in any::<Index>(),
        length in 1..80_usize,
    ) {
        let mut bytes = sample.as_bytes().to_vec();
        let from = from.index(bytes.len());
        let end = (from + length).min(bytes.len());
        let piece: Vec<u8> = bytes.drain(from..end).collect();
        let to = to.index(bytes.len() + 1);
        bytes.splice(to..to, piece);
        read(&bytes);
    }

    #[test]
    fn a_chart_with_two_values_swapped(
        sample in prop::sample::select(SAMPLES.to_vec()),
        swaps in prop::collection::vec((any::<Index>(), any::<Index>()), 1..4),
    ) {
        let mut chart: Value = serde_json::from_str(sample).unwrap();
        for (one, other) in swaps {
            let mut pointers = Vec::new();
            note_pointers(&chart, String::new(), &mut pointers);
            let pointer = |index: Index| pointers[index.index(pointers.len())].as_str();
            let (one, other) = (pointer(one), pointer(other));
            let copy = chart.pointer(other).cloned().unwrap();
            let taken = std::mem::replace(chart.pointer_mut(one).unwrap(), copy);
            // One may have been within the other.
            if let Some(place) = chart.pointer_mut(other) {
                *place = taken;
            }
        }
        let text = chart.to_string();
        prop_assume!(text.len() < 100_000);
        read(text.as_bytes());
    }
}

/// JSON pointers to all values within a value.
fn note_pointers(value: &Value, pointer: String, pointers: &mut Vec<String>) {
    match value {
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                note_pointers(value, format!("{pointer}/{index}"), pointers);
            }
        }
        Value::Object(object) => {
            for (name, value) in object {
                note_pointers(value, format!("{pointer}/{name}"), pointers);
            }
        }
        _ => {}
    }
    pointers.push(pointer);
}
