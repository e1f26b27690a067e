//! What a report says.

use inventory_charts::inspect::inspect;
use inventory_charts::{Report, content_hash, generate, to_canonical_bytes};

#[test]
fn a_report_counts_what_is_there() {
    let text = r#"{"format": "holdfast-chart", "version": 1, "name": "Hall\u00e9",
        "focalPoint": {"x": 0, "y": -5.5},
        "categories": [{"key": "a", "label": "Best"}, {"key": "b"}],
        "zones": [{"key": "z", "label": "Zone", "focalPoint": {"x": 1, "y": 2}}, {"key": "y"}],
        "sections": [
            {"label": "S", "floor": "Up", "category": "a", "zone": "z", "entrance": "North",
             "rows": [
                {"label": "A", "x": 0, "y": 0, "seats": 3},
                {"label": "B", "x": 0, "y": 9, "seats": [
                    {"label": 1, "accessible": true, "entrance": "Lift"},
                    {"label": 2, "companion": true},
                    {"label": 3, "restrictedView": true, "category": "b"}]}]},
            {"label": "S", "floor": "Down"}],
        "tables": [{"label": "T", "x": 0, "y": 90, "seats": 2, "bookWhole": true}],
        "seats": [{"label": "Throne", "x": 5, "y": 5}],
        "areas": [{"label": "Lawn", "capacity": 30}, {"label": "Pit", "capacity": 12}]}"#;
    let report = inspect(text.as_bytes(), None).unwrap();
    assert_eq!(report.area_capacity(), 42);
    let expected = r#"name             "Hallé"
format           holdfast
content          {hash} ({bytes} bytes)
seats            9
  accessible     1
  companion      1
  restricted     1
rows             2
tables           1 (1 sold whole)
  "T" as a whole, with 2 seats
other seats      1
areas            2 for 42 people
  "Lawn" takes 30
  "Pit" takes 12
floors           2
  "Up" with 6 seats
  "Down" with 0 seats
entrances        2
  "North" leads to 5 seats
  "Lift" leads to 1 seats
focal point      0, -5.5
zones            2
  "Zone" with 6 seats looks to 1, 2
  "y" with 0 seats looks to none given
seats by section
       6  "S (Up)"
       0  "S (Down)"
       3  "outside of sections"
seats by category
       5  "Best (a)"
       1  "b"
       3  "without a category"
warning: 3 seats and 2 areas have no category
"#;
    let chart = inventory_charts::import(text.as_bytes(), None).unwrap().chart;
    let bytes = to_canonical_bytes(&chart);
    let expected = expected
        .replace("{hash}", &content_hash(&bytes).to_string())
        .replace("{bytes}", &bytes.len().to_string());
    assert_eq!(report.to_string(), expected);
}

#[test]
fn a_generated_chart_has_a_report_without_a_format() {
    let report = Report::of_chart(&generate::demonstration());
    assert_eq!(report.format, None);
    assert_eq!(report.seats_by_section.iter().map(|(_, seats)| seats).sum::<usize>(), report.seats);
    assert!(!report.to_string().contains("format "));
}

#[test]
fn a_file_with_a_mistake_has_no_report() {
    assert!(inspect(b"{}", None).is_err());
}
