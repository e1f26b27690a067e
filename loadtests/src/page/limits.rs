//! What bounds the page, however large the venue and however bad the run.

/// Seats that are drawn one by one; of a larger venue, one mark stands for several neighbours.
pub(super) const MARKS_MAX: usize = 60_000;

/// Letters of a label, of a section's name, and of a piece of evidence.
pub(super) const LABEL_LETTERS_MAX: usize = 60;
pub(super) const EVIDENCE_LETTERS_MAX: usize = 600;

/// Bytes of all labels that the seat under the pointer is named from. A chart whose labels are
/// longer names its seats by their numbers.
pub(super) const LABELS_BYTES_MAX: usize = 1_500_000;

/// Sections in the table below the map; it says how many more there are.
pub(super) const SECTION_ROWS_MAX: usize = 300;

/// Areas that are drawn as bars, and rows in the table of the others.
pub(super) const AREA_BARS_MAX: usize = 60;
pub(super) const AREA_ROWS_MAX: usize = 300;

/// Tables that are drawn beneath their seats.
pub(super) const TABLES_DRAWN_MAX: usize = 4_000;

/// Kills in their table.
pub(super) const KILL_ROWS_MAX: usize = 200;

/// Seats that one piece of evidence names.
pub(super) const EVIDENCE_SEATS_MAX: usize = 12;

/// Violations that are spelled out at once; the others are folded.
pub(super) const UNFOLDED_MAX: usize = 10;

/// A page of a clean run in a venue of [`MARKS_MAX`] seats is smaller.
#[cfg(test)]
pub(super) const PAGE_BYTES_MAX: usize = 3_000_000;

#[cfg(test)]
const _: () = assert!(LABELS_BYTES_MAX * 2 <= PAGE_BYTES_MAX);
