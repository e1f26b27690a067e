//! What is in a chart, for people who are about to sell it: counts by section and category, what
//! is special, and the name of its content.

use std::collections::HashSet;
use std::fmt;

use inventory_core::chart::{Chart, Point};
use inventory_core::ids::ChartHash;

use crate::canonical::{content_hash, to_canonical_bytes};
use crate::import::{Format, Imported, import};
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
    /// How many of these are sold only as a whole.
    pub tables_sold_whole: usize,
    /// Each area with its capacity.
    pub areas: Vec<(String, u32)>,
    /// The floors that sections are on.
    pub floors: Vec<String>,
    /// Each zone, and where people in it look.
    pub zones: Vec<(String, Option<Point>)>,
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
        let seats_with = |is_so: fn(&inventory_core::chart::Seat) -> bool| {
            parts.seats.iter().filter(|seat| is_so(seat)).count()
        };
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
        let mut known_floors = HashSet::new();
        let floors = parts.sections.iter().filter_map(|section| section.floor.as_ref());
        let floors = floors.filter(|floor| known_floors.insert(floor.as_str())).cloned().collect();
        let canonical = to_canonical_bytes(chart);
        Self {
            name: parts.name.clone(),
            format: None,
            seats: parts.seats.len(),
            rows: parts.rows.len(),
            tables: parts.tables.len(),
            tables_sold_whole: parts.tables.iter().filter(|table| table.book_whole).count(),
            areas: parts.areas.iter().map(|area| (area.label.clone(), area.capacity)).collect(),
            floors,
            zones: parts.zones.iter().map(|zone| (zone.label.clone(), zone.focal_point)).collect(),
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
        writeln!(f, "tables           {} ({} sold whole)", self.tables, self.tables_sold_whole)?;
        writeln!(f, "areas            {} for {} people", self.areas.len(), self.area_capacity())?;
        for (label, capacity) in &self.areas {
            writeln!(f, "  {} takes {capacity}", quoted(label))?;
        }
        writeln!(f, "floors           {}", self.floors.len())?;
        for floor in &self.floors {
            writeln!(f, "  {}", quoted(floor))?;
        }
        write!(f, "focal point      ")?;
        write_point(f, self.focal_point)?;
        writeln!(f, "zones            {}", self.zones.len())?;
        for (label, point) in &self.zones {
            write!(f, "  {} looks to ", quoted(label))?;
            write_point(f, *point)?;
        }
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
    for (name, count) in counts {
        writeln!(f, "{count:>8}  {}", quoted(name))?;
    }
    Ok(())
}
