//! What an event has on sale, as its chart and its organizer say: seats, tables that are sold as a
//! whole, areas with their places, and ticket types. Nothing here changes during a run.
//!
//! Everything is named by the index that the server gives it: its place in the server's lists.

use std::collections::HashMap;

/// One seat as the chart has it.
#[derive(Clone, Debug, Default)]
pub(crate) struct SeatPlace {
    pub(crate) label: String,
    pub(crate) section: String,
    pub(crate) row: String,
    /// The key of its price level; empty if it has none.
    pub(crate) category: String,
    /// The label of its table; empty if it is at none.
    pub(crate) table: String,
    pub(crate) table_is_whole: bool,
    /// Whether it is kept for who needs it: an accessible or a companion seat.
    pub(crate) reserved: bool,
    /// Where it stands, in the chart's own unit; y points down.
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// Seats around a table.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) label: String,
    pub(crate) seats: Vec<u32>,
    /// Whether its seats are sold together or not at all.
    pub(crate) is_whole: bool,
}

/// Places without seats.
#[derive(Clone, Debug, Default)]
pub(crate) struct Area {
    pub(crate) label: String,
    pub(crate) section: String,
    pub(crate) category: String,
    pub(crate) capacity: u32,
}

/// What spots may be sold as.
#[derive(Clone, Debug, Default)]
pub(crate) struct TicketType {
    pub(crate) key: String,
    pub(crate) quota: Option<u32>,
    pub(crate) opens_at_millis: Option<u64>,
    pub(crate) closes_at_millis: Option<u64>,
    /// Keys of the price levels that it is for; empty: all.
    pub(crate) categories: Vec<String>,
}

impl TicketType {
    pub(crate) fn is_on_sale(&self, now_millis: u64) -> bool {
        self.opens_at_millis.is_none_or(|opens| opens <= now_millis)
            && self.closes_at_millis.is_none_or(|closes| now_millis < closes)
    }
}

/// What the event itself says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms {
    pub(crate) ticket_types: Vec<TicketType>,
    /// Spots that one buyer may have at most.
    pub(crate) buyer_spots_max: Option<u32>,
}

/// The chart and the terms, as far as buyers and auditors need them.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    seats: Vec<SeatPlace>,
    index_by_label: HashMap<String, u32>,
    /// By seat: a number that neighbours in one row share.
    row_by_seat: Vec<u32>,
    tables: Vec<Table>,
    /// Seats of tables that are sold as a whole.
    whole_table_by_seat: HashMap<u32, u32>,
    areas: Vec<Area>,
    area_by_label: HashMap<String, u32>,
    terms: Terms,
    type_by_key: HashMap<String, u16>,
    types_by_category: HashMap<String, Vec<u16>>,
}

impl Layout {
    /// Seats by index, without areas and ticket types.
    #[cfg(test)]
    pub(crate) fn new(seats: Vec<SeatPlace>) -> Self {
        Self::with(seats, Vec::new(), Terms::default())
    }

    /// Seats and areas by index. Seats of one row stand behind one another.
    pub(crate) fn with(seats: Vec<SeatPlace>, areas: Vec<Area>, terms: Terms) -> Self {
        let index_by_label = numbered(seats.iter().map(|seat| &seat.label));
        let tables = tables(&seats);
        let whole = (0..).zip(&tables).filter(|(_, table)| table.is_whole);
        let whole_table_by_seat =
            whole.flat_map(|(number, table)| table.seats.iter().map(move |seat| (*seat, number)));
        let categories = seats.iter().map(|seat| &seat.category);
        let categories = categories.chain(areas.iter().map(|area| &area.category));
        let mut types_by_category = HashMap::new();
        for category in categories {
            if !types_by_category.contains_key(category) {
                types_by_category.insert(category.clone(), types_for(&terms, category));
            }
        }
        let type_by_key = terms.ticket_types.iter().map(|of| of.key.clone()).zip(0..).collect();
        Self {
            row_by_seat: rows(&seats),
            index_by_label,
            whole_table_by_seat: whole_table_by_seat.collect(),
            tables,
            area_by_label: numbered(areas.iter().map(|area| &area.label)),
            types_by_category,
            type_by_key,
            seats,
            areas,
            terms,
        }
    }

    /// Seats of the event, without the places of its areas.
    pub(crate) fn capacity(&self) -> u32 {
        self.seats.len() as u32
    }

    /// Places of all areas.
    pub(crate) fn places_capacity(&self) -> u32 {
        self.areas.iter().fold(0, |sum, area| sum.saturating_add(area.capacity))
    }

    /// The seats, by index.
    pub(crate) fn seats(&self) -> &[SeatPlace] {
        &self.seats
    }

    /// All tables, those among them that are sold as a whole.
    pub(crate) fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The areas, by index.
    pub(crate) fn areas(&self) -> &[Area] {
        &self.areas
    }

    /// The ticket types, by index.
    pub(crate) fn ticket_types(&self) -> &[TicketType] {
        &self.terms.ticket_types
    }

    /// Spots that one buyer may have at most.
    pub(crate) fn buyer_spots_max(&self) -> u32 {
        self.terms.buyer_spots_max.unwrap_or(u32::MAX)
    }

    /// Whether there is nothing to buy but seats, each by itself and as nothing in particular.
    pub(crate) fn is_plain(&self) -> bool {
        self.areas.is_empty()
            && self.whole_table_by_seat.is_empty()
            && self.terms.ticket_types.is_empty()
    }

    /// Seats that are sold each by itself.
    pub(crate) fn single_seats(&self) -> u32 {
        self.capacity() - self.whole_table_by_seat.len() as u32
    }

    /// Whether there is any row of seats, in which a server can look for neighbours.
    pub(crate) fn has_rows(&self) -> bool {
        self.seats.iter().any(|seat| !seat.row.is_empty())
    }

    /// The seat's label; empty if there is no such seat.
    pub(crate) fn label(&self, seat: u32) -> &str {
        self.seats.get(seat as usize).map_or("", |seat| &seat.label)
    }

    pub(crate) fn index(&self, label: &str) -> Option<u32> {
        self.index_by_label.get(label).copied()
    }

    /// The area's label; empty if there is no such area.
    pub(crate) fn area_label(&self, area: u32) -> &str {
        self.areas.get(area as usize).map_or("", |area| &area.label)
    }

    pub(crate) fn area_index(&self, label: &str) -> Option<u32> {
        self.area_by_label.get(label).copied()
    }

    /// The ticket type's key; empty if there is no such type.
    pub(crate) fn type_key(&self, ticket_type: u16) -> &str {
        self.terms.ticket_types.get(usize::from(ticket_type)).map_or("", |of| &of.key)
    }

    pub(crate) fn type_index(&self, key: &str) -> Option<u16> {
        self.type_by_key.get(key).copied()
    }

    /// The ticket types that a spot of this price level may be sold as.
    pub(crate) fn types_of(&self, category: &str) -> &[u16] {
        self.types_by_category.get(category).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn category_of_seat(&self, seat: u32) -> &str {
        self.seats.get(seat as usize).map_or("", |seat| &seat.category)
    }

    /// The table that the seat is sold with, if it is not sold by itself.
    pub(crate) fn whole_table(&self, seat: u32) -> Option<u32> {
        self.whole_table_by_seat.get(&seat).copied()
    }

    /// Whether a buyer without particular needs may pick the seat by itself.
    pub(crate) fn is_for_anyone(&self, seat: u32) -> bool {
        self.whole_table(seat).is_none()
            && self.seats.get(seat as usize).is_some_and(|seat| !seat.reserved)
    }

    /// Whether two seats stand in one row.
    pub(crate) fn is_same_row(&self, one: u32, other: u32) -> bool {
        let row = |seat: u32| self.row_by_seat.get(seat as usize);
        row(one).is_some() && row(one) == row(other)
    }
}

fn numbered<'a>(labels: impl Iterator<Item = &'a String>) -> HashMap<String, u32> {
    labels.cloned().zip(0..).collect()
}

fn types_for(terms: &Terms, category: &str) -> Vec<u16> {
    let fits = |of: &TicketType| {
        of.categories.is_empty() || of.categories.iter().any(|key| key == category)
    };
    let types = (0..).zip(&terms.ticket_types).filter(|(_, of)| fits(of));
    types.map(|(index, _)| index).collect()
}

fn rows(seats: &[SeatPlace]) -> Vec<u32> {
    let mut row_by_seat = Vec::with_capacity(seats.len());
    let mut row = 0;
    for (index, seat) in seats.iter().enumerate() {
        let goes_on = index.checked_sub(1).and_then(|before| seats.get(before)).is_some_and(|of| {
            of.row == seat.row && of.section == seat.section && of.table == seat.table
        });
        row += u32::from(!goes_on);
        row_by_seat.push(row);
    }
    row_by_seat
}

/// In the order of their first seats.
fn tables(seats: &[SeatPlace]) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    let mut by_label: HashMap<&str, usize> = HashMap::new();
    for (index, seat) in (0..).zip(seats).filter(|(_, seat)| !seat.table.is_empty()) {
        let known = *by_label.entry(&seat.table).or_insert_with(|| {
            let (label, is_whole) = (seat.table.clone(), seat.table_is_whole);
            tables.push(Table { label, seats: Vec::new(), is_whole });
            tables.len() - 1
        });
        tables[known].seats.push(index);
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two seats of a row, two tables of two, the second sold as a whole; a lawn; three types.
    fn layout() -> Layout {
        let seat = |row: &str, table: &str, category: &str| SeatPlace {
            label: format!("{row}{table}-{category}"),
            row: row.to_owned(),
            table: table.to_owned(),
            table_is_whole: table == "T2",
            category: category.to_owned(),
            ..SeatPlace::default()
        };
        let seats = vec![
            seat("A", "", "first"),
            seat("A", "", "second"),
            seat("", "T1", "first"),
            seat("", "T1", "second"),
            seat("", "T2", "first"),
            seat("", "T2", "second"),
        ];
        let area = Area { label: "Lawn".to_owned(), capacity: 7, ..Area::default() };
        let of = |key: &str, categories: &[&str]| TicketType {
            key: key.to_owned(),
            categories: categories.iter().map(|key| (*key).to_owned()).collect(),
            ..TicketType::default()
        };
        let ticket_types = vec![of("all", &[]), of("dear", &["first"]), of("none", &["third"])];
        Layout::with(seats, vec![area], Terms { ticket_types, buyer_spots_max: None })
    }

    #[test]
    fn tables_and_rows_are_kept_apart() {
        let layout = layout();
        assert!(layout.is_same_row(0, 1) && layout.is_same_row(2, 3));
        assert!(!layout.is_same_row(1, 2) && !layout.is_same_row(3, 4));
        assert!(!layout.is_same_row(5, 6), "there is no such seat");
        assert_eq!(layout.tables().len(), 2);
        assert_eq!((layout.whole_table(3), layout.whole_table(5)), (None, Some(1)));
        assert!(layout.is_for_anyone(2) && !layout.is_for_anyone(4));
        assert_eq!((layout.single_seats(), layout.places_capacity()), (4, 7));
        assert!(layout.has_rows() && !layout.is_plain());
        assert!(Layout::new(vec![SeatPlace::default()]).is_plain());
    }

    #[test]
    fn ticket_types_are_for_their_categories() {
        let layout = layout();
        assert_eq!(layout.types_of("first"), [0, 1]);
        assert_eq!(layout.types_of("second"), [0]);
        assert_eq!(layout.types_of(""), [0], "of the lawn");
        assert_eq!(layout.type_index("none"), Some(2));
        assert_eq!((layout.type_key(1), layout.area_index("Lawn")), ("dear", Some(0)));
        let early = TicketType {
            opens_at_millis: Some(10),
            closes_at_millis: Some(20),
            ..TicketType::default()
        };
        let on_sale = [9, 10, 19, 20].map(|now| early.is_on_sale(now));
        assert_eq!(on_sale, [false, true, true, false]);
    }
}
