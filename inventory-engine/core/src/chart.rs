//! An immutable seat map: what is where, what it is called, and how near it is to what people
//! come to see. [`Chart::new`] is the only way to one, so every index in a chart is in range,
//! every label is unique, and every seat is in at most one row or table.

mod seat_labels;
mod seat_places;

use std::collections::{HashMap, HashSet};

use self::seat_labels::SeatLabels;
pub use self::seat_places::SeatPlace;
use self::seat_places::SeatPlaces;
use crate::hashing::SeededState;
use crate::ids::{
    AreaIndex, CategoryIndex, RowIndex, SeatIndex, SectionIndex, TableIndex, ZoneIndex,
};
use crate::limits::{CHART_AREAS_MAX, CHART_PLACES_MAX, CHART_SEATS_MAX, LABEL_BYTES_MAX};

/// A place in the chart's own units; y grows downwards, as on a screen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Downwards.
    pub y: f64,
}

/// What a chart is made of. Plain data, not yet checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChartParts {
    /// The chart's name for people.
    pub name: String,
    /// Price levels.
    pub categories: Vec<Category>,
    /// Groups of sections with a focal point of their own.
    pub zones: Vec<Zone>,
    /// Named parts of the venue.
    pub sections: Vec<Section>,
    /// Rows of seats.
    pub rows: Vec<Row>,
    /// Tables with seats around them.
    pub tables: Vec<Table>,
    /// General-admission areas; an area's position here is its dense index.
    pub areas: Vec<Area>,
    /// All seats; a seat's position here is its dense index.
    pub seats: Vec<Seat>,
    /// Where people look, unless a zone says otherwise.
    pub focal_point: Option<Point>,
}

/// A price level.
#[derive(Clone, Debug, PartialEq)]
pub struct Category {
    /// The organizer's key, unique in the chart.
    pub key: String,
    /// Its name for people.
    pub label: String,
    /// A CSS colour.
    pub color: Option<String>,
}

/// A group of sections.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// The organizer's key, unique in the chart.
    pub key: String,
    /// Its name for people.
    pub label: String,
    /// Where people in this zone look.
    pub focal_point: Option<Point>,
}

/// A named part of the venue.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// Its name, unique among the sections of its floor.
    pub label: String,
    /// Its zone.
    pub zone: Option<ZoneIndex>,
    /// The floor it is on.
    pub floor: Option<String>,
    /// The door that leads to it.
    pub entrance: Option<String>,
}

/// A row of seats, in the order in which people sit.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its name within its section.
    pub label: String,
    /// Its section.
    pub section: Option<SectionIndex>,
    /// Its seats from one end to the other; neighbours here sit next to each other.
    pub seats: Vec<SeatIndex>,
}

/// A table with seats around it.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its name.
    pub label: String,
    /// Its section.
    pub section: Option<SectionIndex>,
    /// Its seats.
    pub seats: Vec<SeatIndex>,
    /// Whether it is sold only as a whole.
    pub book_whole: bool,
}

/// A general-admission area.
#[derive(Clone, Debug, PartialEq)]
pub struct Area {
    /// Its full label, unique among areas and seats.
    pub label: String,
    /// Its section.
    pub section: Option<SectionIndex>,
    /// Its category.
    pub category: Option<CategoryIndex>,
    /// How many people it takes; more than zero.
    pub capacity: u32,
}

/// A seat.
#[derive(Clone, Debug, PartialEq)]
pub struct Seat {
    /// Its full label, unique in the chart: section, row and seat joined with `-`.
    pub label: String,
    /// Its section.
    pub section: Option<SectionIndex>,
    /// Its category.
    pub category: Option<CategoryIndex>,
    /// Where it is.
    pub position: Point,
    /// The door that leads to it, if not its section's.
    pub entrance: Option<String>,
    /// Made for a wheelchair.
    pub accessible: bool,
    /// Beside an accessible one, for who comes along.
    pub companion: bool,
    /// Something is in the way of the view.
    pub restricted_view: bool,
}

/// What [`Chart::new`] found wrong. Importers find mistakes by object before; this is the last
/// line of defence.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ChartError {
    /// There is nothing to sell.
    #[error("the chart has neither a seat nor an area")]
    Empty,
    /// More seats than one event may have.
    #[error("the chart has {0} seats; at most {CHART_SEATS_MAX} are possible")]
    TooManySeats(usize),
    /// More areas than one event may have.
    #[error("the chart has {0} areas; at most {CHART_AREAS_MAX} are possible")]
    TooManyAreas(usize),
    /// More places than one event may have.
    #[error("the chart's areas take {0} people; at most {CHART_PLACES_MAX} are possible together")]
    TooManyPlaces(u64),
    /// An index points outside of its list.
    #[error("{object} refers to a {missing} that the chart does not have")]
    Dangling {
        /// What refers.
        object: String,
        /// To what.
        missing: &'static str,
    },
    /// Two objects of a kind have one name.
    #[error("two {kind} are called {label:?}")]
    DuplicateLabel {
        /// Which kind.
        kind: &'static str,
        /// The name.
        label: String,
    },
    /// A name that is empty or too long.
    #[error("a {kind} has a label of {bytes} bytes; 1 to {LABEL_BYTES_MAX} are possible")]
    LabelLength {
        /// Which kind.
        kind: &'static str,
        /// How long it is.
        bytes: usize,
    },
    /// A seat in two rows, in two tables, or in both.
    #[error("seat {0:?} is in more than one row or table")]
    SeatInTwoRows(String),
    /// A coordinate that is not a finite number.
    #[error("{0} has a position that is not a finite number")]
    NotFinite(String),
    /// An area that takes nobody.
    #[error("area {0:?} has no capacity")]
    NoCapacity(String),
}

/// A checked chart with the indexes that selling from it needs.
#[derive(Debug)]
pub struct Chart {
    parts: ChartParts,
    index_by_label: HashMap<String, SeatIndex, SeededState>,
    areas_by_label: HashMap<String, AreaIndex, SeededState>,
    whole_tables_by_label: HashMap<String, TableIndex, SeededState>,
    seat_places: SeatPlaces,
    seat_labels: SeatLabels,
    /// By seat: the distance to its focal point in hundredths of a chart unit.
    distances: Vec<u32>,
    /// The rows with the nearest seat first, each with that seat's distance.
    rows_by_distance: Vec<(u32, RowIndex)>,
    /// By row: a bit for the category of each of its seats; categories 64 apart share one.
    row_categories: Vec<u64>,
    place_count: u32,
}

impl Chart {
    /// Checks the parts and builds the indexes.
    pub fn new(parts: ChartParts) -> Result<Self, ChartError> {
        check_sizes(&parts)?;
        check_references(&parts)?;
        let index_by_label = check_labels(&parts)?;
        check_rows(&parts)?;
        let distances = distances(&parts);
        let mut rows_by_distance: Vec<(u32, RowIndex)> = (0..)
            .zip(&parts.rows)
            .filter_map(|(index, row)| {
                let nearest = row.seats.iter().map(|seat| distances[seat.0 as usize]).min()?;
                Some((nearest, RowIndex(index)))
            })
            .collect();
        rows_by_distance.sort_unstable();
        let row_categories = parts.rows.iter().map(|row| {
            let categories =
                row.seats.iter().filter_map(|seat| parts.seats[seat.0 as usize].category);
            categories.fold(0, |bits, category| bits | category_bit(category))
        });
        let row_categories = row_categories.collect();
        let areas = (0..).zip(&parts.areas);
        let areas_by_label = areas.map(|(index, area)| (area.label.clone(), AreaIndex(index)));
        let areas_by_label = areas_by_label.collect();
        let mut whole_tables_by_label = HashMap::default();
        for (index, table) in (0..).zip(&parts.tables).filter(|(_, table)| table.book_whole) {
            whole_tables_by_label.entry(table.label.clone()).or_insert(TableIndex(index));
        }
        let seat_places = SeatPlaces::of(&parts);
        let seat_labels = SeatLabels::of(&parts.seats);
        let place_count = parts.areas.iter().map(|area| area.capacity).sum();
        Ok(Self {
            parts,
            index_by_label,
            areas_by_label,
            whole_tables_by_label,
            seat_places,
            seat_labels,
            distances,
            rows_by_distance,
            row_categories,
            place_count,
        })
    }

    /// What the chart is made of.
    pub fn parts(&self) -> &ChartParts {
        &self.parts
    }

    /// How many seats it has.
    pub fn seat_count(&self) -> u32 {
        self.parts.seats.len() as u32
    }

    /// The seat at an index.
    pub fn seat(&self, index: SeatIndex) -> Option<&Seat> {
        self.parts.seats.get(index.0 as usize)
    }

    /// The full label of a seat; `None` if there is no such seat.
    pub fn seat_label(&self, index: SeatIndex) -> Option<&str> {
        self.seat_labels.get(index)
    }

    /// The seat of a full label.
    pub fn seat_by_label(&self, label: &str) -> Option<SeatIndex> {
        self.index_by_label.get(label).copied()
    }

    /// How many people its areas take together.
    pub fn place_count(&self) -> u32 {
        self.place_count
    }

    /// The area at an index.
    pub fn area(&self, index: AreaIndex) -> Option<&Area> {
        self.parts.areas.get(index.0 as usize)
    }

    /// The area of a full label.
    pub fn area_by_label(&self, label: &str) -> Option<AreaIndex> {
        self.areas_by_label.get(label).copied()
    }

    /// Whether any table is sold only as a whole.
    pub fn has_whole_tables(&self) -> bool {
        !self.whole_tables_by_label.is_empty()
    }

    /// The table of a label that is sold only as a whole; the first one, where there are more.
    pub fn whole_table_by_label(&self, label: &str) -> Option<&Table> {
        let index = self.whole_tables_by_label.get(label)?;
        self.parts.tables.get(index.0 as usize)
    }

    /// Where a seat belongs; `None` if there is no such seat.
    #[inline]
    pub fn seat_place(&self, seat: SeatIndex) -> Option<SeatPlace> {
        self.seat_places.get(seat)
    }

    /// The seats of a table of this chart.
    pub fn table_seats(&self, table: TableIndex) -> &[SeatIndex] {
        &self.parts.tables[table.0 as usize].seats
    }

    /// The zone of a key.
    pub fn zone_by_key(&self, key: &str) -> Option<ZoneIndex> {
        let position = self.parts.zones.iter().position(|zone| zone.key == key)?;
        Some(ZoneIndex(position as u32))
    }

    /// The section of a name; the first one, where floors share names.
    pub fn section_by_label(&self, label: &str) -> Option<SectionIndex> {
        let position = self.parts.sections.iter().position(|section| section.label == label)?;
        Some(SectionIndex(position as u32))
    }

    /// The category of a key.
    pub fn category_by_key(&self, key: &str) -> Option<CategoryIndex> {
        let position = self.parts.categories.iter().position(|category| category.key == key)?;
        Some(CategoryIndex(position as u32))
    }

    /// The distance of a seat of this chart to its focal point, in hundredths of a chart unit.
    pub fn distance(&self, seat: SeatIndex) -> u32 {
        self.distances[seat.0 as usize]
    }

    /// The rows with the nearest seat first, each with that seat's distance.
    pub fn rows_by_distance(&self) -> &[(u32, RowIndex)] {
        &self.rows_by_distance
    }

    /// False only if no seat of the row is of the category.
    pub fn row_may_have(&self, row: RowIndex, category: CategoryIndex) -> bool {
        self.row_categories[row.0 as usize] & category_bit(category) != 0
    }
}

fn category_bit(category: CategoryIndex) -> u64 {
    1 << (category.0 % u64::BITS)
}

fn check_sizes(parts: &ChartParts) -> Result<(), ChartError> {
    if parts.seats.is_empty() && parts.areas.is_empty() {
        return Err(ChartError::Empty);
    }
    if parts.seats.len() > CHART_SEATS_MAX {
        return Err(ChartError::TooManySeats(parts.seats.len()));
    }
    if parts.areas.len() > CHART_AREAS_MAX {
        return Err(ChartError::TooManyAreas(parts.areas.len()));
    }
    let places = parts.areas.iter().map(|area| u64::from(area.capacity)).sum();
    if places > u64::from(CHART_PLACES_MAX) {
        return Err(ChartError::TooManyPlaces(places));
    }
    if let Some(area) = parts.areas.iter().find(|area| area.capacity == 0) {
        return Err(ChartError::NoCapacity(area.label.clone()));
    }
    let is_finite = |point: Point| point.x.is_finite() && point.y.is_finite();
    if let Some(seat) = parts.seats.iter().find(|seat| !is_finite(seat.position)) {
        return Err(ChartError::NotFinite(format!("seat {:?}", seat.label)));
    }
    let zones = parts.zones.iter().filter_map(|zone| zone.focal_point);
    if !zones.chain(parts.focal_point).all(is_finite) {
        return Err(ChartError::NotFinite("a focal point".to_owned()));
    }
    Ok(())
}

fn check_references(parts: &ChartParts) -> Result<(), ChartError> {
    let dangling = |object: String, missing| Err(ChartError::Dangling { object, missing });
    let section_exists = |section: Option<SectionIndex>| {
        section.is_none_or(|section| (section.0 as usize) < parts.sections.len())
    };
    let category_exists = |category: Option<CategoryIndex>| {
        category.is_none_or(|category| (category.0 as usize) < parts.categories.len())
    };
    for section in &parts.sections {
        if section.zone.is_some_and(|zone| zone.0 as usize >= parts.zones.len()) {
            return dangling(format!("section {:?}", section.label), "zone");
        }
    }
    let groups = parts.rows.iter().map(|row| ("row", &row.label, row.section));
    let groups = groups.chain(parts.tables.iter().map(|t| ("table", &t.label, t.section)));
    let groups = groups.chain(parts.areas.iter().map(|a| ("area", &a.label, a.section)));
    for (kind, label, section) in groups {
        if !section_exists(section) {
            return dangling(format!("{kind} {label:?}"), "section");
        }
    }
    for area in &parts.areas {
        if !category_exists(area.category) {
            return dangling(format!("area {:?}", area.label), "category");
        }
    }
    for seat in &parts.seats {
        if !section_exists(seat.section) {
            return dangling(format!("seat {:?}", seat.label), "section");
        }
        if !category_exists(seat.category) {
            return dangling(format!("seat {:?}", seat.label), "category");
        }
    }
    Ok(())
}

fn check_labels(parts: &ChartParts) -> Result<HashMap<String, SeatIndex, SeededState>, ChartError> {
    let length = |kind, label: &str| match label.len() {
        1..=LABEL_BYTES_MAX => Ok(()),
        bytes => Err(ChartError::LabelLength { kind, bytes }),
    };
    length("chart", &parts.name)?;
    let mut keys: Vec<&str> = parts.categories.iter().map(|c| c.key.as_str()).collect();
    keys.sort_unstable();
    if let Some(pair) = keys.windows(2).find(|pair| pair[0] == pair[1]) {
        let label = pair[0].to_owned();
        return Err(ChartError::DuplicateLabel { kind: "categories", label });
    }
    let mut index_by_label =
        HashMap::with_capacity_and_hasher(parts.seats.len(), SeededState::default());
    for (index, seat) in (0..).zip(&parts.seats) {
        length("seat", &seat.label)?;
        if index_by_label.insert(seat.label.clone(), SeatIndex(index)).is_some() {
            let label = seat.label.clone();
            return Err(ChartError::DuplicateLabel { kind: "seats", label });
        }
    }
    let mut areas: HashSet<&str, SeededState> = HashSet::default();
    for area in &parts.areas {
        length("area", &area.label)?;
        if index_by_label.contains_key(&area.label) || !areas.insert(&area.label) {
            let label = area.label.clone();
            return Err(ChartError::DuplicateLabel { kind: "seats or areas", label });
        }
    }
    Ok(index_by_label)
}

/// Every seat in at most one row or table.
fn check_rows(parts: &ChartParts) -> Result<(), ChartError> {
    let mut taken = vec![false; parts.seats.len()];
    let mut take = |object: &str, label: &str, seat: SeatIndex| {
        let position = seat.0 as usize;
        match taken.get_mut(position) {
            None => {
                let object = format!("{object} {label:?}");
                Err(ChartError::Dangling { object, missing: "seat" })
            }
            Some(true) => Err(ChartError::SeatInTwoRows(parts.seats[position].label.clone())),
            Some(free) => {
                *free = true;
                Ok(())
            }
        }
    };
    for row in &parts.rows {
        for &seat in &row.seats {
            take("row", &row.label, seat)?;
        }
    }
    for table in &parts.tables {
        for &seat in &table.seats {
            take("table", &table.label, seat)?;
        }
    }
    Ok(())
}

/// Distances in hundredths of a chart unit. Where the chart names no focal point, it is taken
/// to be in the middle of the front edge.
fn distances(parts: &ChartParts) -> Vec<u32> {
    let fallback = parts.focal_point.unwrap_or_else(|| {
        let (mut left, mut right, mut top) = (f64::MAX, f64::MIN, f64::MAX);
        for seat in &parts.seats {
            left = left.min(seat.position.x);
            right = right.max(seat.position.x);
            top = top.min(seat.position.y);
        }
        Point { x: left / 2.0 + right / 2.0, y: top }
    });
    let focal_point = |seat: &Seat| {
        let section = &parts.sections[seat.section?.0 as usize];
        parts.zones[section.zone?.0 as usize].focal_point
    };
    parts
        .seats
        .iter()
        .map(|seat| {
            let focus = focal_point(seat).unwrap_or(fallback);
            let (x, y) = (seat.position.x - focus.x, seat.position.y - focus.y);
            // `as` saturates, so what is absurdly far away is just as far as anything can be.
            ((x * x + y * y).sqrt() * 100.0) as u32
        })
        .collect()
}

#[cfg(test)]
mod tests;
