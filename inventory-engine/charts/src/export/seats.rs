//! Rows, tables and their seats in our own format: as a number where they are called 1, 2, 3 and
//! stand evenly, else one by one, each with what its row does not say for it.

use inventory_core::chart::{Row, Seat, Table};
use inventory_core::ids::{CategoryIndex, SeatIndex, SectionIndex};

use super::object::Object;
use super::{Export, Scope, own_label, write_section_number};
use crate::builder::coordinate_problem;
use crate::document::{SPACING_DEFAULT, along_row};

impl Export<'_> {
    pub(super) fn write_row(&self, out: &mut String, at: Option<SectionIndex>, row: &Row) {
        let mut object = Object::inline(out);
        object.text("label", &row.label);
        write_section_number(&mut object, at, row.section);
        let category = self.group_category(row.section, &row.seats);
        self.write_category(&mut object, row.section, category);
        let parent = match self.prefix(row.section) {
            "" => row.label.clone(),
            prefix => format!("{prefix}-{}", row.label),
        };
        if let Some(even) = self.even_row(row, &parent, category) {
            object.number("x", even.x);
            object.number("y", even.y);
            if even.spacing != SPACING_DEFAULT {
                object.number("spacing", even.spacing);
            }
            object.number("seats", row.seats.len() as f64);
        } else {
            let (x, y) = (None, self.common_y(&row.seats));
            if let Some(y) = y {
                object.number("y", y);
            }
            let scope = Scope { parent: Some(&parent), section: row.section, category, x, y };
            self.write_seats(&mut object, at, &scope, &row.seats);
        }
        object.end();
    }

    pub(super) fn write_table(&self, out: &mut String, at: Option<SectionIndex>, table: &Table) {
        let mut object = Object::inline(out);
        self.write_label(&mut object, table.section, &table.label);
        write_section_number(&mut object, at, table.section);
        let category = self.group_category(table.section, &table.seats);
        self.write_category(&mut object, table.section, category);
        object.flag("bookWhole", table.book_whole);
        let (parent, section) = (Some(table.label.as_str()), table.section);
        let scope = Scope { parent, section, category, x: None, y: None };
        self.write_seats(&mut object, at, &scope, &table.seats);
        object.end();
    }

    fn write_seats(
        &self,
        object: &mut Object<'_>,
        at: Option<SectionIndex>,
        scope: &Scope<'_>,
        seats: &[SeatIndex],
    ) {
        // The row stands in a list in its section, or in one beside the sections.
        let indent = if at.is_some() { 8 } else { 4 };
        object.list("seats", indent, seats, |out, seat| self.write_seat(out, scope, *seat));
    }

    pub(super) fn write_seat(&self, out: &mut String, scope: &Scope<'_>, index: SeatIndex) {
        let seat = &self.parts.seats[index.0 as usize];
        let prefix = scope.parent.unwrap_or_else(|| self.prefix(scope.section));
        let mut object = Object::inline(out);
        match own_label(prefix, &seat.label) {
            Some(own) => object.text("label", own),
            None => object.text("fullLabel", &seat.label),
        }
        if self.with_indexes {
            object.number("index", f64::from(index.0));
        }
        write_section_number(&mut object, scope.section, seat.section);
        if scope.x != Some(seat.position.x) {
            object.number("x", seat.position.x);
        }
        if scope.y != Some(seat.position.y) {
            object.number("y", seat.position.y);
        }
        let category = seat.category.filter(|_| seat.category != scope.category);
        object.optional("category", category.map(|category| self.key(category)));
        object.flag("accessible", seat.accessible);
        object.flag("companion", seat.companion);
        object.flag("restrictedView", seat.restricted_view);
        object.optional("entrance", seat.entrance.as_deref());
        object.end();
    }

    fn write_category(
        &self,
        object: &mut Object<'_>,
        section: Option<SectionIndex>,
        category: Option<CategoryIndex>,
    ) {
        let own = category.filter(|_| category != self.category(section));
        object.optional("category", own.map(|category| self.key(category)));
    }

    /// The category that the seats of a row or table take without saying so: their own, where it
    /// is one, else their section's.
    fn group_category(
        &self,
        section: Option<SectionIndex>,
        seats: &[SeatIndex],
    ) -> Option<CategoryIndex> {
        let mut categories = seats.iter().map(|seat| self.parts.seats[seat.0 as usize].category);
        let first = categories.next().flatten();
        let is_one = first.is_some() && categories.all(|category| category == first);
        if is_one { first } else { self.category(section) }
    }

    fn common_y(&self, seats: &[SeatIndex]) -> Option<f64> {
        let mut all = seats.iter().map(|seat| self.parts.seats[seat.0 as usize].position.y);
        let first = all.next()?;
        (seats.len() > 1 && all.all(|y| y == first)).then_some(first)
    }

    /// The row as a number of seats, if that says everything of them.
    fn even_row(
        &self,
        row: &Row,
        parent: &str,
        category: Option<CategoryIndex>,
    ) -> Option<EvenRow> {
        if self.with_indexes {
            return None;
        }
        let seat = |index: &SeatIndex| &self.parts.seats[index.0 as usize];
        let first = seat(row.seats.first()?);
        let second = row.seats.get(1).map(seat);
        let (x, y) = (first.position.x, first.position.y);
        let spacing = second.map_or(SPACING_DEFAULT, |second| second.position.x - x);
        let is_even = |(position, seat): (usize, &Seat)| {
            let label = own_label(parent, &seat.label).and_then(|own| own.parse().ok());
            let is_plain = !(seat.accessible || seat.companion || seat.restricted_view);
            is_plain
                && label == Some(position + 1)
                && seat.label.len() == parent.len() + 1 + decimals(position + 1)
                && seat.position.x == along_row(x, spacing, position)
                && seat.position.y == y
                && seat.section == row.section
                && seat.category == category
                && seat.entrance.is_none()
        };
        let is_possible = coordinate_problem("spacing", spacing).is_none();
        let is_even = is_possible && row.seats.iter().map(seat).enumerate().all(is_even);
        is_even.then_some(EvenRow { x, y, spacing })
    }
}

/// Where the first seat of a row is, and how far the next one is to the right.
struct EvenRow {
    x: f64,
    y: f64,
    spacing: f64,
}

/// How many digits a number has: a label with a zero or a sign in front is not the number.
fn decimals(number: usize) -> usize {
    number.ilog10() as usize + 1
}
