//! Every limit of reading charts, related at compile time. A file beyond one of them is refused
//! before memory is spent on it, so that reading a hostile file costs no more than the largest
//! honest one.

use inventory_core::limits::{CHART_PLACES_MAX, CHART_SEATS_MAX, LABEL_BYTES_MAX};

/// Bytes of a chart file. A designer's file spends some 300 on a seat.
pub const FILE_BYTES_MAX: usize = CHART_SEATS_MAX * 320;

/// Objects within objects and lists within lists. An honest file has no more than ten levels.
pub const DEPTH_MAX: usize = 32;

/// JSON objects of a chart file. An honest file has hardly more than one a seat.
pub const OBJECTS_MAX: usize = CHART_SEATS_MAX * 2;

/// Mistakes that are listed one by one; the others are counted.
pub const MISTAKES_MAX: usize = 1_000;

/// Things of one kind that a report lists one by one; the others are counted.
pub const LISTED_MAX: usize = 1_000;

/// Characters that are quoted from a file in a message about it.
pub const QUOTED_CHARS_MAX: usize = 64;

/// Bytes of a category's colour.
pub const COLOR_BYTES_MAX: usize = 64;

/// How many people one area may take.
pub const AREA_CAPACITY_MAX: u32 = CHART_PLACES_MAX;

/// How far from the origin, in either direction, anything may lie.
pub const COORDINATE_MAX: u32 = 10_000_000;

/// Up to so many seats a drawing says of each what it is called, and ...
pub const DRAWN_SEATS_TITLED_MAX: usize = 20_000;
/// ... up to so many it shows each; beyond that a row is a line.
pub const DRAWN_SEATS_DOTTED_MAX: usize = 150_000;
/// Things of another kind that a drawing shows, of each kind: tables, areas, labels.
pub const DRAWN_THINGS_MAX: usize = 2_000;
/// Letters of a label in a drawing.
pub const DRAWN_LETTERS_MAX: usize = 80;

// The core keeps distances as hundredths in 32 bits; the longest one across a chart is the
// diagonal of a square with sides of twice the limit, less than 2.83 times the limit.
const _: () = assert!(COORDINATE_MAX as u64 * 283 < u32::MAX as u64);
// The JSON reader's own guard against recursion, at 128 levels, is never the one that speaks.
const _: () = assert!(DEPTH_MAX < 128);
// Our canonical form, too, has to fit: a label at its longest is the exception, not the rule.
const _: () = assert!(FILE_BYTES_MAX > CHART_SEATS_MAX * LABEL_BYTES_MAX);
const _: () = assert!(QUOTED_CHARS_MAX <= LABEL_BYTES_MAX);
const _: () = assert!(DRAWN_SEATS_TITLED_MAX < DRAWN_SEATS_DOTTED_MAX);
const _: () = assert!(DRAWN_SEATS_DOTTED_MAX < CHART_SEATS_MAX);
// What is said of single seats stays below some 10 MB, even where each letter is escaped.
const _: () = assert!(DRAWN_SEATS_TITLED_MAX * DRAWN_LETTERS_MAX * "&quot;".len() < 10_000_000);
