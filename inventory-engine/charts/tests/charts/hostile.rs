//! Whatever the bytes, reading ends with a chart or with mistakes.

use inventory_charts::limits::{DEPTH_MAX, FILE_BYTES_MAX, OBJECTS_MAX};
use inventory_charts::{Format, Problem, import};
use proptest::prelude::*;

const OURS: &str = r##"{"format": "holdfast-chart", "version": 1, "name": "n",
    "focalPoint": {"x": 1, "y": 2}, "categories": [{"key": "k", "label": "l", "color": "#fff"}],
    "zones": [{"key": "z", "focalPoint": {"x": 1, "y": 2}}],
    "sections": [{"label": "S", "zone": "z", "category": "k", "floor": "1", "rows": [
        {"label": "A", "x": 0, "y": 0, "spacing": 2, "seats": 3},
        {"label": "B", "y": 0, "seats": [{"label": "1", "x": 4, "accessible": true}]}]}],
    "tables": [{"label": "T", "x": 0, "y": 0, "radius": 3, "seats": 5}],
    "areas": [{"label": "G", "capacity": 10}]}"##;

const THEIRS: &str = r##"{"name": "n", "categories": {"list": [{"key": 1, "label": "l"}]},
    "zones": {"list": [{"key": "z", "focalPoint": {"x": 1, "y": 2}}]},
    "subChartFloors": [{"floorName": "1", "sections": [{"label": "S", "categoryKey": 1,
        "topLeft": {"x": 1, "y": 2}, "subChart": {"rows": [{"label": "A", "seats": [
            {"label": "1", "x": 1, "y": 1}]}]}}]}],
    "subChart": {"tables": [{"label": "T", "seats": [{"label": "1", "x": 1, "y": 1}]}],
        "generalAdmissionAreas": [{"label": "G", "capacity": 10}], "texts": [1, {}]}}"##;

const CANONICAL: &str = r##"{"format":"holdfast-chart-canonical","version":1,"name":"Small",
    "focalPoint":[1.5,-2],"categories":[["k","K","#123"]],"zones":[["z","z",null]],
    "sections":[["S",0,null,"E"]],"rows":[["A",0,[0,3]]],"tables":[["T",null,[3,1],false]],
    "areas":[["S-G",0,0,9]],"seats":[["S-A-1",0,0,0.5,3,0,null],["S-A-2",0,0,20.5,3,0,null],
    ["S-A-3",0,0,40.5,3,0,null],["T-1",null,null,1,1,1,"F"]]}"##;

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

fn read(bytes: &[u8]) {
    for format in [None, Some(Format::Holdfast), Some(Format::SeatsIo), Some(Format::Canonical)] {
        if let Err(mistakes) = import(bytes, format) {
            assert!(!mistakes.is_empty());
            assert!(!mistakes.to_string().is_empty());
        }
    }
}

#[test]
fn the_samples_are_charts() {
    for sample in [OURS, THEIRS, CANONICAL] {
        assert!(import(sample.as_bytes(), None).is_ok(), "{sample}");
    }
}

/// Each value of each sample is replaced by each strange thing once.
#[test]
fn strange_values_everywhere() {
    let mut variants = 0;
    for sample in [OURS, THEIRS, CANONICAL] {
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
    for sample in [OURS, THEIRS, CANONICAL] {
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
        sample in prop::sample::select(vec![OURS, THEIRS, CANONICAL]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
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
        sample in prop::sample::select(vec![OURS, THEIRS, CANONICAL]),
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
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
}
