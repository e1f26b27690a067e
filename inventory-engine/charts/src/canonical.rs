//! The canonical form of a chart: the one text that stands for its content, whatever file it came
//! from. Two charts are equal exactly if their canonical bytes are; the SHA-256 of these bytes is
//! the chart's name. The form is flat, with indexes in place of names, so that everything that a
//! chart can be comes back as it was, down to the last bit of a coordinate.
//!
//! The order of fields, the numbers' notation and the runs of seats are fixed for ever: a stored
//! chart's name depends on them.

use std::borrow::Cow;

use inventory_core::chart::{
    Area, Category, Chart, ChartError, ChartParts, Point, Row, Seat, Section, Table, Zone,
};
use inventory_core::ids::{CategoryIndex, ChartHash, SeatIndex, SectionIndex, ZoneIndex};
use serde::ser::Error;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

/// What `"format"` says in the canonical form.
pub(crate) const FORMAT: &str = "holdfast-chart-canonical";

const VERSION: u32 = 1;

const ACCESSIBLE: u8 = 1;
const COMPANION: u8 = 2;
const RESTRICTED_VIEW: u8 = 4;

/// Why bytes are not the canonical form of a chart.
#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    /// Not JSON, or not of this shape.
    #[error("these bytes are not a canonical chart: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// Another format, or a version that this release does not know.
    #[error("this is {0:?} of version {1}; {FORMAT:?} of version {VERSION} is read here")]
    Format(String, u32),
    /// A row or a table takes seats that are not there, or more than there are.
    #[error("{0} takes seats that the chart does not have")]
    Seats(String),
    /// A flag of a seat that this release does not know.
    #[error("seat {0:?} has flags that are not known here")]
    Flags(String),
    /// The parts do not make a chart.
    #[error(transparent)]
    Refused(#[from] ChartError),
}

/// A chart's canonical bytes. Equal charts have equal bytes, and [`from_canonical_bytes`] makes
/// an equal chart of them.
pub fn to_canonical_bytes(chart: &Chart) -> Vec<u8> {
    serde_json::to_vec(&Stored::of(chart.parts()))
        .expect("a checked chart has finite numbers only, and writing to memory does not fail")
}

/// The chart that canonical bytes stand for. For bytes of one's own: a file from somebody else
/// goes through [`crate::import()`], which bounds what it may cost.
pub fn from_canonical_bytes(bytes: &[u8]) -> Result<Chart, CanonicalError> {
    let stored: Stored<'_> = serde_json::from_slice(bytes)?;
    if stored.format != FORMAT || stored.version != VERSION {
        return Err(CanonicalError::Format(stored.format.into_owned(), stored.version));
    }
    Ok(Chart::new(stored.into_parts()?)?)
}

/// The name of a chart's content: SHA-256 over its canonical bytes.
pub fn content_hash(canonical_bytes: &[u8]) -> ChartHash {
    ChartHash(Sha256::digest(canonical_bytes).into())
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Stored<'a> {
    format: Cow<'a, str>,
    version: u32,
    name: Cow<'a, str>,
    focal_point: Option<StoredPoint>,
    categories: Vec<StoredCategory<'a>>,
    zones: Vec<StoredZone<'a>>,
    sections: Vec<StoredSection<'a>>,
    rows: Vec<StoredRow<'a>>,
    tables: Vec<StoredTable<'a>>,
    areas: Vec<StoredArea<'a>>,
    seats: Vec<StoredSeat<'a>>,
}

type Text<'a> = Cow<'a, str>;

#[derive(Serialize, Deserialize)]
struct StoredPoint(Number, Number);
/// Key, label, colour.
#[derive(Serialize, Deserialize)]
struct StoredCategory<'a>(Text<'a>, Text<'a>, Option<Text<'a>>);
/// Key, label, focal point.
#[derive(Serialize, Deserialize)]
struct StoredZone<'a>(Text<'a>, Text<'a>, Option<StoredPoint>);
/// Label, zone, floor, entrance.
#[derive(Serialize, Deserialize)]
struct StoredSection<'a>(Text<'a>, Option<u32>, Option<Text<'a>>, Option<Text<'a>>);
/// Label, section, runs of seats.
#[derive(Serialize, Deserialize)]
struct StoredRow<'a>(Text<'a>, Option<u32>, Vec<u32>);
/// Label, section, runs of seats, whether it is sold only as a whole.
#[derive(Serialize, Deserialize)]
struct StoredTable<'a>(Text<'a>, Option<u32>, Vec<u32>, bool);
/// Label, section, category, capacity.
#[derive(Serialize, Deserialize)]
struct StoredArea<'a>(Text<'a>, Option<u32>, Option<u32>, u32);
/// Label, section, category, x, y, flags, entrance.
#[derive(Serialize, Deserialize)]
struct StoredSeat<'a>(Text<'a>, Option<u32>, Option<u32>, Number, Number, u8, Option<Text<'a>>);

/// A finite number, written as the standard library shows it: the fewest digits that mean it, and
/// never an exponent. Zero has no sign, since equal numbers have to have equal texts.
#[derive(Clone, Copy, Deserialize)]
pub(crate) struct Number(pub(crate) f64);

/// Below this every whole number is one that 64-bit floating point holds exactly.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.fract() == 0.0 && self.0.abs() < WHOLE_MAX {
            serializer.serialize_i64(self.0 as i64)
        } else {
            let text = RawValue::from_string(self.0.to_string()).map_err(S::Error::custom)?;
            text.serialize(serializer)
        }
    }
}

impl<'a> Stored<'a> {
    fn of(parts: &'a ChartParts) -> Self {
        let text = |text: &'a String| Cow::Borrowed(text.as_str());
        let optional = |text: &'a Option<String>| text.as_deref().map(Cow::Borrowed);
        let section = |section: Option<SectionIndex>| section.map(|index| index.0);
        let category = |category: Option<CategoryIndex>| category.map(|index| index.0);
        let category_of =
            |c: &'a Category| StoredCategory(text(&c.key), text(&c.label), optional(&c.color));
        let zone_of = |z: &'a Zone| {
            StoredZone(text(&z.key), text(&z.label), z.focal_point.map(StoredPoint::of))
        };
        let section_of = |s: &'a Section| {
            let zone = s.zone.map(|index| index.0);
            StoredSection(text(&s.label), zone, optional(&s.floor), optional(&s.entrance))
        };
        let row_of = |r: &'a Row| StoredRow(text(&r.label), section(r.section), to_runs(&r.seats));
        let table_of = |t: &'a Table| {
            StoredTable(text(&t.label), section(t.section), to_runs(&t.seats), t.book_whole)
        };
        let area_of = |a: &'a Area| {
            StoredArea(text(&a.label), section(a.section), category(a.category), a.capacity)
        };
        let seat_of = |s: &'a Seat| {
            let (x, y) = (Number(s.position.x), Number(s.position.y));
            let (section, category) = (section(s.section), category(s.category));
            StoredSeat(text(&s.label), section, category, x, y, to_flags(s), optional(&s.entrance))
        };
        Self {
            format: Cow::Borrowed(FORMAT),
            version: VERSION,
            name: text(&parts.name),
            focal_point: parts.focal_point.map(StoredPoint::of),
            categories: parts.categories.iter().map(category_of).collect(),
            zones: parts.zones.iter().map(zone_of).collect(),
            sections: parts.sections.iter().map(section_of).collect(),
            rows: parts.rows.iter().map(row_of).collect(),
            tables: parts.tables.iter().map(table_of).collect(),
            areas: parts.areas.iter().map(area_of).collect(),
            seats: parts.seats.iter().map(seat_of).collect(),
        }
    }

    fn into_parts(self) -> Result<ChartParts, CanonicalError> {
        let text = Cow::into_owned;
        let optional = |text: Option<Text<'_>>| text.map(Cow::into_owned);
        let section = |index: Option<u32>| index.map(SectionIndex);
        let category = |index: Option<u32>| index.map(CategoryIndex);
        // Each seat is in at most one row or table, so that all runs together have no more.
        let mut room = self.seats.len();
        let rows = self.rows.into_iter().map(|StoredRow(label, of, runs)| {
            let seats = from_runs(&runs, &mut room)
                .ok_or_else(|| CanonicalError::Seats(format!("row {label:?}")))?;
            Ok(Row { label: text(label), section: section(of), seats })
        });
        let rows = rows.collect::<Result<_, CanonicalError>>()?;
        let tables = self.tables.into_iter().map(|StoredTable(label, of, runs, book_whole)| {
            let seats = from_runs(&runs, &mut room)
                .ok_or_else(|| CanonicalError::Seats(format!("table {label:?}")))?;
            Ok(Table { label: text(label), section: section(of), seats, book_whole })
        });
        let tables = tables.collect::<Result<_, CanonicalError>>()?;
        let categories = self.categories.into_iter().map(|StoredCategory(key, label, color)| {
            Category { key: text(key), label: text(label), color: optional(color) }
        });
        let zones = self.zones.into_iter().map(|StoredZone(key, label, focal_point)| {
            let focal_point = focal_point.map(StoredPoint::point);
            Zone { key: text(key), label: text(label), focal_point }
        });
        let sections = self.sections.into_iter();
        let sections = sections.map(|StoredSection(label, zone, floor, entrance)| Section {
            label: text(label),
            zone: zone.map(ZoneIndex),
            floor: optional(floor),
            entrance: optional(entrance),
        });
        let areas = self.areas.into_iter().map(|StoredArea(label, of, price, capacity)| Area {
            label: text(label),
            section: section(of),
            category: category(price),
            capacity,
        });
        Ok(ChartParts {
            name: text(self.name),
            focal_point: self.focal_point.map(StoredPoint::point),
            categories: categories.collect(),
            zones: zones.collect(),
            sections: sections.collect(),
            rows,
            tables,
            areas: areas.collect(),
            seats: self.seats.into_iter().map(StoredSeat::seat).collect::<Result<_, _>>()?,
        })
    }
}

impl StoredPoint {
    fn of(point: Point) -> Self {
        Self(Number(point.x), Number(point.y))
    }

    fn point(self) -> Point {
        Point { x: self.0.0, y: self.1.0 }
    }
}

impl StoredSeat<'_> {
    fn seat(self) -> Result<Seat, CanonicalError> {
        let Self(label, section, category, x, y, flags, entrance) = self;
        if flags & !(ACCESSIBLE | COMPANION | RESTRICTED_VIEW) != 0 {
            return Err(CanonicalError::Flags(label.into_owned()));
        }
        Ok(Seat {
            label: label.into_owned(),
            section: section.map(SectionIndex),
            category: category.map(CategoryIndex),
            position: Point { x: x.0, y: y.0 },
            entrance: entrance.map(Cow::into_owned),
            accessible: flags & ACCESSIBLE != 0,
            companion: flags & COMPANION != 0,
            restricted_view: flags & RESTRICTED_VIEW != 0,
        })
    }
}

fn to_flags(seat: &Seat) -> u8 {
    let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
    flag(seat.accessible, ACCESSIBLE)
        | flag(seat.companion, COMPANION)
        | flag(seat.restricted_view, RESTRICTED_VIEW)
}

/// Seats as pairs of a first index and a number of seats that follow each other upwards, each
/// pair as long as it can be.
fn to_runs(seats: &[SeatIndex]) -> Vec<u32> {
    let mut runs: Vec<u32> = Vec::new();
    for seat in seats {
        if let [.., first, count] = runs.as_mut_slice()
            && first.checked_add(*count) == Some(seat.0)
        {
            *count += 1;
        } else {
            runs.extend([seat.0, 1]);
        }
    }
    runs
}

/// The seats of pairs; none if they are no pairs, or have more seats than there is room for.
fn from_runs(runs: &[u32], room: &mut usize) -> Option<Vec<SeatIndex>> {
    let (pairs, rest) = runs.as_chunks::<2>();
    let mut seats = Vec::new();
    for [first, count] in pairs {
        *room = room.checked_sub(*count as usize)?;
        let end = first.checked_add(*count)?;
        seats.extend((*first..end).map(SeatIndex));
    }
    rest.is_empty().then_some(seats)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_as_long_as_they_can_be() {
        let seats = [3, 4, 5, 9, 8, 7, 8].map(SeatIndex);
        assert_eq!(to_runs(&seats), [3, 3, 9, 1, 8, 1, 7, 2]);
        let mut room = 7;
        assert_eq!(from_runs(&to_runs(&seats), &mut room).as_deref(), Some(seats.as_slice()));
        assert_eq!(room, 0);
        for bad in [&[3][..], &[0, 8], &[u32::MAX, 1], &[0, 4, 0, 4]] {
            assert_eq!(from_runs(bad, &mut 7), None, "{bad:?}");
        }
    }

    #[test]
    fn equal_numbers_have_equal_texts() {
        let text = |number: f64| serde_json::to_string(&Number(number)).unwrap();
        assert_eq!(text(-0.0), "0");
        assert_eq!(text(18.0), "18");
        assert_eq!(text(-0.1), "-0.1");
        assert_eq!(text(1e-7), "0.0000001");
        assert_eq!(text(WHOLE_MAX * 4.0), "36028797018963970");
    }
}
