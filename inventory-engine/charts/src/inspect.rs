//! What is in a chart, for people who are about to sell it: counts by section and category, what
//! is special, and the name of its content.

use std::collections::HashMap;
use std::fmt;

use inventory_core::chart::{Chart, Point, Seat};
use inventory_core::ids::ChartHash;

use crate::canonical::{content_hash, to_canonical_bytes};
use crate::import::{Format, Imported, import};
use crate::limits::LISTED_MAX;
use crate::mistake::{Mistakes, quoted};

/// What is in a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Its name.
    pub name: String,
    /// The format that it came in; none for one that was generated.
    pub format: Option<Format>,
    /// How many seats there are.
    pub seats: usize,
    /// How many rows.
    pub rows: usize,
    /// How many tables.
    pub tables: usize,
    /// Those that are sold only as a whole, each with its seats.
    pub tables_sold_whole: Vec<(String, usize)>,
    /// Seats in neither row nor table, such as booths.
    pub loose_seats: usize,
    /// Each area with its capacity.
    pub areas: Vec<(String, u32)>,
    /// The floors that sections are on, each with its seats.
    pub floors: Vec<(String, usize)>,
    /// The doors, each with the seats that it leads to.
    pub entrances: Vec<(String, usize)>,
    /// Each zone with its seats, and where people in it look.
    pub zones: Vec<(String, usize, Option<Point>)>,
    /// Where people look elsewhere.
    pub focal_point: Option<Point>,
    /// Seats by section, in the order of the chart; seats outside of sections last.
    pub seats_by_section: Vec<(String, usize)>,
    /// Seats by category, in the order of the chart; seats without one last.
    pub seats_by_category: Vec<(String, usize)>,
    /// Seats made for a wheelchair.
    pub accessible: usize,
    /// Seats beside them for who comes along.
    pub companion: usize,
    /// Seats with something in the way of the view.
    pub restricted_view: usize,
    /// The name of the content.
    pub content_hash: ChartHash,
    /// How many bytes the canonical form has.
    pub canonical_bytes: usize,
    /// What was in the file and is not in the chart.
    pub warnings: Vec<String>,
}

/// Reads a file and says what is in it.
pub fn inspect(bytes: &[u8], format: Option<Format>) -> Result<Report, Mistakes> {
    import(bytes, format).map(|imported| Report::of(&imported))
}

impl Report {
    /// What is in an imported chart.
    pub fn of(imported: &Imported) -> Self {
        let report = Self::of_chart(&imported.chart);
        Self { format: Some(imported.format), warnings: imported.warnings.clone(), ..report }
    }

    /// What is in any chart.
    pub fn of_chart(chart: &Chart) -> Self {
        let parts = chart.parts();
        let seats_with =
            |is_so: fn(&Seat) -> bool| parts.seats.iter().filter(|seat| is_so(seat)).count();
        let sections = parts.sections.iter().map(|section| match &section.floor {
            Some(floor) => format!("{} ({floor})", section.label),
            None => section.label.clone(),
        });
        let section_of_seat = parts.seats.iter().map(|seat| seat.section.map(|index| index.0));
        let categories = parts.categories.iter().map(|category| {
            if category.label == category.key {
                category.key.clone()
            } else {
                format!("{} ({})", category.label, category.key)
            }
        });
        let category_of_seat = parts.seats.iter().map(|seat| seat.category.map(|index| index.0));
        let section_of = |seat: &Seat| Some(&parts.sections[seat.section?.0 as usize]);
        let zone_labels = parts.zones.iter().map(|zone| zone.label.clone());
        let zone_of_seat = parts.seats.iter().map(|seat| Some(section_of(seat)?.zone?.0));
        let zones = tally(zone_labels, zone_of_seat, "").into_iter().zip(&parts.zones);
        let whole = parts.tables.iter().filter(|table| table.book_whole);
        let groups = parts.rows.iter().map(|row| row.seats.len());
        let grouped: usize = groups.chain(parts.tables.iter().map(|t| t.seats.len())).sum();
        let canonical = to_canonical_bytes(chart);
        Self {
            name: parts.name.clone(),
            format: None,
            seats: parts.seats.len(),
            rows: parts.rows.len(),
            tables: parts.tables.len(),
            tables_sold_whole: whole
                .map(|table| (table.label.clone(), table.seats.len()))
                .collect(),
            loose_seats: parts.seats.len() - grouped,
            areas: parts.areas.iter().map(|area| (area.label.clone(), area.capacity)).collect(),
            floors: tally_by_name(
                parts.sections.iter().map(|section| section.floor.as_deref()),
                parts.seats.iter().map(|seat| section_of(seat)?.floor.as_deref()),
            ),
            entrances: tally_by_name(
                parts.sections.iter().map(|section| section.entrance.as_deref()),
                parts.seats.iter().map(|seat| {
                    let of_section = || section_of(seat)?.entrance.as_deref();
                    seat.entrance.as_deref().or_else(of_section)
                }),
            ),
            zones: zones.map(|((label, seats), zone)| (label, seats, zone.focal_point)).collect(),
            focal_point: parts.focal_point,
            seats_by_section: tally(sections, section_of_seat, "outside of sections"),
            seats_by_category: tally(categories, category_of_seat, "without a category"),
            accessible: seats_with(|seat| seat.accessible),
            companion: seats_with(|seat| seat.companion),
            restricted_view: seats_with(|seat| seat.restricted_view),
            content_hash: content_hash(&canonical),
            canonical_bytes: canonical.len(),
            warnings: Vec::new(),
        }
    }

    /// How many people all areas take together.
    pub fn area_capacity(&self) -> u64 {
        self.areas.iter().map(|(_, capacity)| u64::from(*capacity)).sum()
    }
}

/// How many of the indexes name each of the names; what names none is counted under `other`, if
/// there is any.
fn tally(
    names: impl Iterator<Item = String>,
    indexes: impl Iterator<Item = Option<u32>>,
    other: &str,
) -> Vec<(String, usize)> {
    let mut counts: Vec<(String, usize)> = names.map(|name| (name, 0)).collect();
    let mut others = 0;
    for index in indexes {
        match index {
            Some(index) => counts[index as usize].1 += 1,
            None => others += 1,
        }
    }
    if others > 0 {
        counts.push((other.to_owned(), others));
    }
    counts
}

/// How many of the seats have each of the names: those that are known first, and what has none is
/// not counted.
fn tally_by_name<'a>(
    known: impl Iterator<Item = Option<&'a str>>,
    of_seats: impl Iterator<Item = Option<&'a str>>,
) -> Vec<(String, usize)> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    let mut positions: HashMap<&str, usize> = HashMap::new();
    let known = known.map(|name| (name, 0));
    for (name, seats) in known.chain(of_seats.map(|name| (name, 1))) {
        let Some(name) = name else { continue };
        let position = *positions.entry(name).or_insert_with(|| {
            counts.push((name.to_owned(), 0));
            counts.len() - 1
        });
        counts[position].1 += seats;
    }
    counts
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "name             {}", quoted(&self.name))?;
        if let Some(format) = self.format {
            writeln!(f, "format           {format}")?;
        }
        writeln!(f, "content          {} ({} bytes)", self.content_hash, self.canonical_bytes)?;
        writeln!(f, "seats            {}", self.seats)?;
        writeln!(f, "  accessible     {}", self.accessible)?;
        writeln!(f, "  companion      {}", self.companion)?;
        writeln!(f, "  restricted     {}", self.restricted_view)?;
        writeln!(f, "rows             {}", self.rows)?;
        let whole = self.tables_sold_whole.len();
        writeln!(f, "tables           {} ({whole} sold whole)", self.tables)?;
        write_list(f, &self.tables_sold_whole, |f, (label, seats)| {
            writeln!(f, "  {} as a whole, with {seats} seats", quoted(label))
        })?;
        writeln!(f, "other seats      {}", self.loose_seats)?;
        writeln!(f, "areas            {} for {} people", self.areas.len(), self.area_capacity())?;
        write_list(f, &self.areas, |f, (label, capacity)| {
            writeln!(f, "  {} takes {capacity}", quoted(label))
        })?;
        writeln!(f, "floors           {}", self.floors.len())?;
        write_list(f, &self.floors, |f, (floor, seats)| {
            writeln!(f, "  {} with {seats} seats", quoted(floor))
        })?;
        writeln!(f, "entrances        {}", self.entrances.len())?;
        write_list(f, &self.entrances, |f, (entrance, seats)| {
            writeln!(f, "  {} leads to {seats} seats", quoted(entrance))
        })?;
        write!(f, "focal point      ")?;
        write_point(f, self.focal_point)?;
        writeln!(f, "zones            {}", self.zones.len())?;
        write_list(f, &self.zones, |f, (label, seats, point)| {
            write!(f, "  {} with {seats} seats looks to ", quoted(label))?;
            write_point(f, *point)
        })?;
        write_tally(f, "seats by section", &self.seats_by_section)?;
        write_tally(f, "seats by category", &self.seats_by_category)?;
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        Ok(())
    }
}

fn write_point(f: &mut fmt::Formatter<'_>, point: Option<Point>) -> fmt::Result {
    match point {
        Some(point) => writeln!(f, "{}, {}", point.x, point.y),
        None => writeln!(f, "none given"),
    }
}

fn write_tally(f: &mut fmt::Formatter<'_>, title: &str, counts: &[(String, usize)]) -> fmt::Result {
    if counts.is_empty() {
        return Ok(());
    }
    writeln!(f, "{title}")?;
    write_list(f, counts, |f, (name, count)| writeln!(f, "{count:>8}  {}", quoted(name)))
}

/// A line for each, up to a limit; the others are counted.
fn write_list<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    write: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    let listed = &items[..items.len().min(LISTED_MAX)];
    listed.iter().try_for_each(|item| write(f, item))?;
    match items.len() - listed.len() {
        0 => Ok(()),
        more => writeln!(f, "  and {more} more"),
    }
}
