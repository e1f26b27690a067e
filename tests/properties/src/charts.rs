//! Chart files, of others and our own.
//!
//! Must hold for each: it is refused with mistakes whose words are bounded, or it is a chart
//! within the limits. That chart's canonical bytes read back as the same chart with the same
//! hash, however they come in; the document that people change brings it back; and whatever is
//! asked about it is answered: a report, and a drawing of bounded size.

use inventory_charts::draw::to_svg;
use inventory_charts::limits::MISTAKES_MAX;
use inventory_charts::{
    Format, Mistakes, Report, content_hash, from_canonical_bytes, generate, import,
    to_canonical_bytes, to_document,
};
use inventory_core::chart::Chart;
use inventory_core::limits::{CHART_AREAS_MAX, CHART_PLACES_MAX, CHART_SEATS_MAX};

use crate::input::Input;
use crate::story::VENUE;

/// A number in a short file can stand for very many seats. Nothing is found with all of them
/// that is not found with so many, and much more slowly.
const SEATS_EXAMINED_MAX: u32 = 5_000;

/// Bytes of a drawing for each thing in a chart, and of one without any.
const DRAWN_BYTES_EACH_MAX: usize = 4_096;
const DRAWN_BYTES_EMPTY_MAX: usize = 16_384;

/// The format in a byte, 0 and unknown ones to be found out, and a file.
pub(crate) fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let format = usize::from(input.u8()).checked_sub(1);
    let format = format.and_then(|number| Format::ALL.get(number).copied());
    match import(input.rest(), format) {
        Err(mistakes) => check_mistakes(&mistakes),
        Ok(imported) => {
            assert!(format.is_none_or(|format| format == imported.format));
            check_chart(&imported.chart);
            drop(Report::of(&imported));
        }
    }
}

fn check_mistakes(mistakes: &Mistakes) {
    assert!(!mistakes.is_empty(), "a refusal has a reason");
    let words = mistakes.to_string();
    // Each says where it is and quotes some letters of the file.
    assert!(words.len() <= (mistakes.count().min(MISTAKES_MAX) + 1) * 4_096, "{words}");
}

fn check_chart(chart: &Chart) {
    let parts = chart.parts();
    let places: u64 = parts.areas.iter().map(|area| u64::from(area.capacity)).sum();
    assert!(parts.seats.len() <= CHART_SEATS_MAX && parts.areas.len() <= CHART_AREAS_MAX);
    assert!(places <= u64::from(CHART_PLACES_MAX));
    if chart.seat_count() > SEATS_EXAMINED_MAX {
        return;
    }
    let canonical = to_canonical_bytes(chart);
    let hash = content_hash(&canonical);
    let again = from_canonical_bytes(&canonical).expect("canonical bytes read back");
    assert_eq!(again.parts(), parts);
    for format in [None, Some(Format::Canonical)] {
        let again = import(&canonical, format).expect("canonical bytes are a file too");
        assert_eq!((again.chart.parts(), again.format), (parts, Format::Canonical));
    }
    let document = to_document(chart);
    let again = import(document.as_bytes(), None).expect("an exported chart is a file");
    assert_eq!(again.format, Format::Holdfast);
    assert_eq!(content_hash(&to_canonical_bytes(&again.chart)), hash);
    let things = parts.seats.len()
        + parts.rows.len()
        + parts.tables.len()
        + parts.areas.len()
        + parts.sections.len()
        + parts.categories.len()
        + parts.zones.len();
    let drawing = to_svg(chart);
    let bytes_max = DRAWN_BYTES_EMPTY_MAX + things * DRAWN_BYTES_EACH_MAX;
    assert!(drawing.len() <= bytes_max, "{} bytes of {things} things", drawing.len());
}

/// A file of each format, its format named and not.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let generated = generate::with_seats(30).expect("there are such venues");
    let (canonical, document) = (to_canonical_bytes(&generated), to_document(&generated));
    let files: [(u8, &[u8]); 6] = [
        (1, VENUE.as_bytes()),
        (1, INDEXED.as_bytes()),
        (1, document.as_bytes()),
        (2, &canonical),
        (3, SEATS_IO.as_bytes()),
        (4, PRETIX.as_bytes()),
    ];
    let seed = |number: u8, file: &[u8]| [&[number][..], file].concat();
    let named_or_not = files.iter().flat_map(|(number, file)| [(*number, *file), (0, *file)]);
    named_or_not.map(|(number, file)| seed(number, file)).collect()
}

/// Seats that say their indexes and sections themselves.
const INDEXED: &str = r##"{"format": "holdfast-chart", "version": 1, "name": "n",
"sections": [{"label": "S", "rows": [{"label": "A", "y": 0, "spacing": 2, "seats": [
{"label": "1", "x": 4, "index": 1}, {"label": "2", "x": 6, "index": 0}]}]}],
"rows": [{"label": "R", "section": 0, "seats": [
{"fullLabel": "x", "index": 2, "section": -1, "x": 7, "y": 7}]}],
"seats": [{"label": "L", "index": 3, "x": 1, "y": 1}]}"##;

const SEATS_IO: &str = r##"{"name": "n", "sectionScaleFactor": 90,
"categories": {"list": [{"key": 1, "label": "l", "color": "#123456"}]},
"zones": {"list": [{"key": "z", "focalPoint": {"x": 1, "y": 2}}]},
"subChartFloors": [{"floorName": "1", "sections": [{"label": "S", "categoryKey": 1,
"topLeft": {"x": 1, "y": 2}, "points": [{"x": 1, "y": 2}, {"x": 9, "y": 9}],
"subChart": {"width": 9, "rows": [{"label": "A", "seats": [
{"label": "1", "x": 1, "y": 1}, {"label": "2", "x": 3, "y": 1}]}]}}]}],
"subChart": {"tables": [{"label": "T", "seats": [{"label": "1", "x": 1, "y": 1}]}],
"booths": [{"label": "B", "center": {"x": 1, "y": 9}}],
"generalAdmissionAreas": [{"label": "G", "capacity": 10}], "texts": [1, {}]}}"##;

const PRETIX: &str = r##"{"name": "n", "size": {"width": 10, "height": 10},
"categories": [{"name": "k", "color": "#123"}, {"name": "l"}],
"zones": [{"name": "Z", "zone_id": "z", "position": {"x": 1, "y": 2}, "areas": [{}], "rows": [
{"row_number": "A", "row_label": null, "position": {"x": 1, "y": 2}, "seats": [
{"seat_guid": "g", "seat_number": "1", "position": {"x": 3.5, "y": 2}, "category": "k"},
{"seat_guid": "h", "seat_number": "2", "position": {"x": 9, "y": 2}, "category": "l"}]}]}]}"##;
