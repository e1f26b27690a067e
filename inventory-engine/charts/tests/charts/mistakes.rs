//! One small chart for each mistake.

use inventory_charts::limits::{AREA_CAPACITY_MAX, DEPTH_MAX, MISTAKES_MAX};
use inventory_charts::{Problem, import};
use inventory_core::limits::{CHART_SEATS_MAX, HOLD_SEATS_MAX};

use crate::mistakes;

/// A chart of our own with these fields beside the necessary ones.
fn chart(fields: &str) -> String {
    format!(r#"{{"format": "holdfast-chart", "version": 1, "name": "n", {fields}}}"#)
}

/// Expects exactly these mistakes, each as `object: problem`.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let found: Vec<String> = mistakes(text)
        .list
        .iter()
        .map(|mistake| format!("{}: {}", mistake.object, mistake.problem))
        .collect();
    assert_eq!(found, expected, "in {text}");
}

const ROW_A: &str = r#"{"label": "A", "x": 0, "y": 0, "seats": 2}"#;

#[test]
fn labels() {
    check(
        &chart(&format!(
            r#""rows": [{ROW_A}, {{"label": "A", "y": 1, "seats": [
            {{"label": "2", "x": 1}}, {{"label": "3", "x": 2}}, {{"label": "3", "x": 2}}]}}]"#
        )),
        &[
            r#"row "A" / seat "2": the label "A-2" is there twice"#,
            r#"row "A" / seat "3": the label "A-3" is there twice"#,
        ],
    );
    check(
        &chart(
            r#""rows": [{"x": 0, "y": 0, "seats": 2}, {"label": "B", "x": 0, "y": 0,
            "seats": [{}, {"label": " "}]}],
            "tables": [{"label": "", "x": 0, "y": 0, "seats": 2}]"#,
        ),
        &[
            r#"row number 1: "label" is missing or empty"#,
            r#"row "B" / seat number 1: "label" is missing or empty"#,
            r#"row "B" / seat number 2: "label" is missing or empty"#,
            r#"table number 1: "label" is missing or empty"#,
        ],
    );
    check(
        &chart(
            r#""areas": [{"label": "A-1", "capacity": 1}], "rows": [
            {"label": "A", "x": 0, "y": 0, "seats": 1}]"#,
        ),
        &[r#"area "A-1": the label "A-1" is there twice"#],
    );
    let table = r#""x": 0, "y": 0, "seats": 1"#;
    check(
        &chart(&format!(
            r#""tables": [{{"label": "T", {table}, "bookWhole": true}},
            {{"label": "U", {table}}}, {{"label": "U", "x": 9, "y": 0, "seats": [{{"label": 2}}]}}],
            "areas": [{{"label": "T", "capacity": 1}}, {{"label": "U", "capacity": 1}}]"#
        )),
        &[
            r#"table "U": the table "U" is there twice"#,
            r#"area "T": the label "T" is there twice"#,
        ],
    );
    check(
        &chart(&format!(r#""sections": [{{"label": "S", "rows": [{ROW_A}]}}, {{"label": "S"}}]"#)),
        &[r#"section "S": the section "S" is there twice"#],
    );
    check(
        &chart(&format!(
            r#""rows": [{ROW_A}, {{"label": "a\u0007", "x": 0, "y": 0, "seats": 1}}]"#
        )),
        &[r#"row "a\u{7}": "label" has a control character in it"#],
    );
}

#[test]
fn long_labels() {
    let long = "x".repeat(200);
    let text = chart(&format!(
        r#""sections": [{{"label": "{long}", "rows": [
            {{"label": "{long}", "x": 0, "y": 0, "seats": 1}}]}}], "areas": [
            {{"label": "{long}{long}", "capacity": 1}}]"#
    ));
    let problems: Vec<_> = mistakes(&text).list.into_iter().map(|found| found.problem).collect();
    let too_long = |bytes| Problem::LabelTooLong { field: "label", bytes };
    assert_eq!(problems, [too_long(403), too_long(400)]);
}

#[test]
fn references() {
    check(
        &chart(&format!(
            r#""categories": [{{"key": "a"}}, {{"key": "a"}}, {{"label": "b"}}],
               "zones": [{{"key": 1}}, {{"key": "1"}}],
               "sections": [{{"label": "S", "zone": "west", "category": "c", "rows": [{ROW_A}]}}],
               "rows": [{{"label": "R", "x": 0, "y": 0, "category": "d", "seats": [
                   {{"label": 1, "category": "e"}}]}}]"#
        )),
        &[
            r#"category "a": the category "a" is there twice"#,
            r#"category number 3: "key" is missing or empty"#,
            r#"zone "1": the zone "1" is there twice"#,
            r#"section "S": there is no zone "west""#,
            r#"section "S": there is no category "c""#,
            r#"row "R": there is no category "d""#,
            r#"row "R" / seat "1": there is no category "e""#,
        ],
    );
}

#[test]
fn capacities_and_counts() {
    let problem = |found: &str| {
        format!(
            "the capacity is {found}; a whole number from 1 to {AREA_CAPACITY_MAX} belongs there"
        )
    };
    check(
        &chart(
            r#""areas": [{"label": "a", "capacity": 0}, {"label": "b", "capacity": -5},
            {"label": "c", "capacity": 1.5}, {"label": "d"}, {"label": "e", "capacity": "9"},
            {"label": "f", "capacity": 1e300}]"#,
        )
        .replace("1e300", "5000000"),
        &[
            &format!(r#"area "a": {}"#, problem("0")),
            &format!(r#"area "b": {}"#, problem("-5")),
            &format!(r#"area "c": {}"#, problem("1.5")),
            r#"area "d": "capacity" is missing or empty"#,
            r#"area "e": "capacity" is a text; a number belongs there"#,
            &format!(r#"area "f": {}"#, problem("5000000")),
        ],
    );
    let count = |found: &str| {
        format!(
            "row \"A\": \"seats\" is {found}; \
             a whole number from 1 to {CHART_SEATS_MAX} belongs there"
        )
    };
    for (number, shown) in [("0", "0"), ("-1", "-1"), ("2.5", "2.5"), ("2000000", "2000000")] {
        let text =
            chart(&format!(r#""rows": [{{"label": "A", "x": 0, "y": 0, "seats": {number}}}]"#));
        check(&text, &[&count(shown)]);
    }
}

#[test]
fn a_table_that_no_hold_could_have() {
    let table = |label: &str, seats: usize, rest: &str| {
        format!(r#"{{"label": "{label}", "x": 0, "y": 0, "seats": {seats}{rest}}}"#)
    };
    let (more, whole) = (HOLD_SEATS_MAX + 1, r#", "bookWhole": true"#);
    let tables = [
        table("T", more, whole),
        table("U", HOLD_SEATS_MAX, whole),
        table("V", more, r#", "bookWhole": false"#),
    ];
    check(
        &chart(&format!(r#""tables": [{}]"#, tables.join(", "))),
        &[r#"table "T": it is sold only as a whole and has 65 seats; a hold has at most 64"#],
    );
}

#[test]
fn coordinates() {
    check(
        &chart(
            r#""focalPoint": {"x": 1}, "rows": [{"label": "A", "seats": [
            {"label": 1, "x": 1e300, "y": 0}, {"label": 2, "x": "left", "y": null},
            {"label": 3, "x": 1, "y": -10000001}]}, {"label": "B", "seats": 2}]"#,
        ),
        &[
            r#"focal point: "y" is missing or empty"#,
            r#"row "A" / seat "1": "x" is 1e300; a number from -10000000 to 10000000 is possible"#,
            r#"row "A" / seat "2": "x" is a text; a number belongs there"#,
            r#"row "A" / seat "2": "y" is missing or empty"#,
            concat!(
                r#"row "A" / seat "3": "y" is -1.0000001e7; "#,
                "a number from -10000000 to 10000000 is possible"
            ),
            r#"row "B": "x" is missing or empty"#,
            r#"row "B": "y" is missing or empty"#,
        ],
    );
}

#[test]
fn kinds() {
    check(
        &chart(
            r#""categories": {}, "zones": "none", "sections": [1, "two", {"label": ["S"]}],
            "rows": [{"label": "A", "seats": "many"}, null], "tables": [{"label": "T", "x": 0,
            "y": 0, "bookWhole": "yes", "seats": [[], {"label": 1, "accessible": 1}]}]"#,
        ),
        &[
            r#"the chart: "categories" is an object; a list belongs there"#,
            r#"the chart: "zones" is a text; a list belongs there"#,
            r#"the chart: element 0 of "sections" is a number; an object belongs there (2 such)"#,
            r#"section number 3: "label" is a list; a text or a whole number belongs there"#,
            r#"the chart: element 1 of "rows" is null; an object belongs there (1 such)"#,
            r#"row "A": "seats" is a text; a list of seats or their number belongs there"#,
            r#"table "T": "bookWhole" is a text; true or false belongs there"#,
            r#"table "T": element 0 of "seats" is a list; an object belongs there (1 such)"#,
            r#"table "T" / seat "1": "accessible" is a number; true or false belongs there"#,
        ],
    );
}

#[test]
fn colours_that_could_do_harm_in_a_page() {
    let text = |color: &str| {
        chart(&format!(r#""categories": [{{"key": "k", "color": "{color}"}}], "rows": [{ROW_A}]"#))
    };
    check(&text("red;}"), &[r#"category "k": the color "red;}" is no CSS colour"#]);
    for good in ["#fff", "rebeccapurple", "rgb(1, 2, 3)", "hsl(120 50% 50% / 0.5)"] {
        assert!(import(text(good).as_bytes(), None).is_ok(), "{good}");
    }
}

#[test]
fn nothing_to_sell() {
    check(
        &chart(r#""rows": []"#),
        &["the chart: there is nothing to sell: neither a seat nor an area"],
    );
    check(
        &chart(r#""sections": [{"label": "S", "rows": [{"label": "A", "seats": []}]}]"#),
        &["the chart: there is nothing to sell: neither a seat nor an area"],
    );
    check(
        r#"{"name": "n", "subChart": {}}"#,
        &["the chart: there is nothing to sell: neither a seat nor an area"],
    );
}

#[test]
fn too_many_seats() {
    let row = |label: &str, seats: usize| {
        format!(r#"{{"label": "{label}", "x": 0, "y": 0, "spacing": 0.001, "seats": {seats}}}"#)
    };
    let half = CHART_SEATS_MAX / 2;
    let text =
        chart(&format!(r#""rows": [{}, {}, {}]"#, row("A", half), row("B", half), row("C", 3)));
    let found = mistakes(&text);
    let seats = CHART_SEATS_MAX as u64 + 3;
    assert_eq!(found.list.len(), 1, "{found}");
    assert_eq!(found.list[0].problem, Problem::TooManySeats { seats });
}

#[test]
fn files_that_are_no_charts() {
    check("[1]", &["the chart: this is no chart in a format that is known here"]);
    check("{}", &["the chart: this is no chart in a format that is known here"]);
    check(
        r#"{"format": "holdfast-chart"}"#,
        &[
            r#"the chart: "version" is missing or empty"#,
            r#"the chart: "name" is missing or empty"#,
        ],
    );
    check(
        r#"{"format": "holdfast-chart", "version": 2, "name": "n"}"#,
        &[r#"the chart: the field "version" is 2; 1 is the only one"#],
    );
    let unreadable = |text: &str| match mistakes(text).list.remove(0).problem {
        Problem::Unreadable { line, column, reason } => (line, column, reason),
        other => panic!("{other}"),
    };
    assert_eq!(unreadable("{\n  \"a\": nul}").0, 2);
    assert_eq!(unreadable("").2, "EOF while parsing a value");
    assert!(unreadable("\u{1}\u{2}").2.starts_with("expected value"));
}

#[test]
fn fields_that_do_not_belong_there() {
    let unknown = |object: &str, field: &str, known: &str| {
        format!("{object}: there is no field \"{field}\" here; there are {known}")
    };
    let row = r#"section "S" / row "A""#;
    let seat = r#"section "S" / row "A" / seat number 1"#;
    let of_seat = "label, fullLabel, index, section, x, y, category, entrance, accessible, \
                   companion, restrictedView";
    let of_chart = "format, version, name, focalPoint, categories, zones, sections, rows, \
                    tables, areas, seats";
    let of_table = "label, fullLabel, section, category, x, y, radius, bookWhole, seats";
    let category = r#"category "a""#;
    let expected = [
        unknown("the chart", "nmae", of_chart),
        "the chart: the field \"name\" is there twice".to_owned(),
        unknown("focal point", "z", "x, y"),
        unknown(category, "colour", "key, label, color"),
        unknown(r#"zone "z""#, "lable", "key, label, focalPoint"),
        unknown(row, "xtra", "label, section, category, x, y, spacing, seats"),
        unknown(seat, "labell", of_seat),
        format!("{seat}: \"label\" is missing or empty"),
        unknown(r#"table "T""#, "bookAsAWhole", of_table),
        r#"area "G": the field "capacity" is there twice"#.to_owned(),
    ];
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check(
        &chart(
            r#""nmae": 1, "name": "again", "focalPoint": {"x": 1, "y": 2, "z": 3},
            "categories": [{"key": "a", "label": "A", "colour": "red"}],
            "zones": [{"key": "z", "lable": "Z"}],
            "sections": [{"label": "S", "rows": [
                {"label": "A", "seats": [{"labell": "1", "x": 1, "y": 1}], "\u0078tra": null}]}],
            "tables": [{"label": "T", "x": 1, "y": 1, "seats": 2, "bookAsAWhole": true}],
            "areas": [{"label": "G", "capacity": 5, "capacity": 6}]"#,
        ),
        &expected,
    );
}

#[test]
fn of_an_object_full_of_strange_fields_some_are_told() {
    let strange: Vec<String> = (0..1_000).map(|number| format!("\"f{number}\": 0")).collect();
    let found = mistakes(&chart(&strange.join(",")));
    assert!((1..10).contains(&found.count()), "{}", found.count());
    assert!(found.to_string().contains(r#"there is no field "f0" here"#), "{found}");
}

#[test]
fn nesting() {
    let deep = "[".repeat(DEPTH_MAX + 1);
    let found = mistakes(&format!(r#"{{"subChart": {deep}"#));
    let column = r#"{"subChart": "#.len() + DEPTH_MAX;
    assert_eq!(found.list[0].problem, Problem::TooDeep { line: 1, column });
}

#[test]
fn every_mistake_has_its_advice_and_the_list_has_an_end() {
    let rows = vec![r#"{"label": ""}"#; MISTAKES_MAX].join(",");
    let found = mistakes(&chart(&format!(r#""rows": [{rows}]"#)));
    assert_eq!((found.list.len(), found.count()), (MISTAKES_MAX, 2 * MISTAKES_MAX));
    let text = found.to_string();
    assert!(text.starts_with(
        "the chart has 2000 mistakes:\n  \
         row number 1 (/rows/0): \"label\" is missing or empty; add it"
    ));
    assert!(text.ends_with("and 1000 more"));
}
