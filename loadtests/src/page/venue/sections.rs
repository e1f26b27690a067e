//! The sections of a venue: how each was sold, and where its name has room on the map.

use std::collections::HashMap;

use super::super::limits::SECTION_ROWS_MAX;
use super::super::markup::clip;
use super::super::numbers::{count, duration};
use super::super::table::{Column, Table};
use super::places::Drawing;
use crate::picture::{Fate, SeatDrawn};

/// Letters of a name on the map.
const NAME_LETTERS_MAX: usize = 18;

/// The width of a letter and of what is around a name, and the height of a line, in pixels.
const LETTER: f64 = 6.4;
const AROUND: f64 = 10.0;
const LINE: f64 = 18.0;

/// How wide the map is on a wide screen, if it fills the page, and on a phone, in pixels.
pub(super) const WIDE: f64 = 1_080.0;
const PHONE: f64 = 340.0;

/// One section and what happened in it.
#[derive(Clone, Debug)]
pub(super) struct Section<'a> {
    name: &'a str,
    seats: u64,
    sold_millis: Vec<u64>,
    left: i32,
    right: i32,
    top: i32,
    bottom: i32,
}

/// In the order of their first seats.
pub(super) fn sections<'a>(seats: &'a [SeatDrawn], drawing: &Drawing) -> Vec<Section<'a>> {
    let mut sections: Vec<Section<'a>> = Vec::new();
    let mut by_name: HashMap<&str, usize> = HashMap::new();
    for (number, seat) in seats.iter().enumerate() {
        let name = seat.section.as_str();
        let known = *by_name.entry(name).or_insert_with(|| {
            sections.push(Section {
                name,
                seats: 0,
                sold_millis: Vec::new(),
                left: i32::MAX,
                right: i32::MIN,
                top: i32::MAX,
                bottom: i32::MIN,
            });
            sections.len() - 1
        });
        let section = &mut sections[known];
        section.seats += 1;
        if let Fate::Sold { at_millis } = seat.fate {
            section.sold_millis.push(at_millis);
        }
        if let Some(mark) = drawing.marks.get(number / drawing.seats_a_mark) {
            section.left = section.left.min(mark.x);
            section.right = section.right.max(mark.x);
            section.top = section.top.min(mark.y);
            section.bottom = section.bottom.max(mark.y);
        }
    }
    for section in &mut sections {
        section.sold_millis.sort_unstable();
    }
    sections
}

/// A name on the map.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Name {
    pub(super) text: String,
    /// Its middle, as shares of the drawing's sides.
    pub(super) x: f64,
    pub(super) y: f64,
    /// Whether a phone has room for it.
    pub(super) fits_phone: bool,
}

/// The names that have room, larger sections first.
pub(super) fn names(sections: &[Section<'_>], drawing: &Drawing) -> Vec<Name> {
    if sections.len() < 2 {
        return Vec::new();
    }
    let shared = shared_words(sections);
    let (width, height) = (f64::from(drawing.width), f64::from(drawing.height));
    let wide = width_on_page(drawing);
    let mut by_size: Vec<&Section<'_>> =
        sections.iter().filter(|one| !one.name.is_empty()).collect();
    by_size.sort_by_key(|section| std::cmp::Reverse(section.seats));
    let mut taken: [Vec<(f64, f64, f64)>; 2] = [Vec::new(), Vec::new()];
    let mut names = Vec::new();
    for section in by_size {
        let text = clip(&own_words(section.name, shared), NAME_LETTERS_MAX);
        let x = f64::from(section.left + section.right) / 2.0 / width;
        let y = f64::from(section.top + section.bottom) / 2.0 / height;
        let [fits_wide, fits_phone] = [(0, wide), (1, wide.min(PHONE))].map(|(screen, pixels)| {
            let room = f64::from(section.right - section.left + drawing.dot) / width * pixels;
            let name = text.chars().count() as f64 * LETTER + AROUND;
            let place = (x * pixels, y * height / width * pixels, name);
            let is_free = taken[screen].iter().all(|(other_x, other_y, other)| {
                (place.0 - other_x).abs() > (name + other) / 2.0 || (place.1 - other_y).abs() > LINE
            });
            let fits = is_free && name <= room + AROUND;
            if fits {
                taken[screen].push(place);
            }
            fits
        });
        if fits_wide {
            names.push(Name { text, x, y, fits_phone });
        }
    }
    names
}

/// How wide the drawing is on a wide screen, in pixels.
pub(super) fn width_on_page(drawing: &Drawing) -> f64 {
    (f64::from(drawing.width) / super::places::WIDTH * WIDE).clamp(1.0, WIDE)
}

/// Words that all names begin with, as `Section` of `Section A` and `Section B`.
fn shared_words(sections: &[Section<'_>]) -> usize {
    let mut names = sections.iter().map(|section| section.name.split(' ').collect::<Vec<_>>());
    let Some(first) = names.next() else { return 0 };
    names.fold(first.len().saturating_sub(1), |shared, words| {
        let same = first.iter().zip(&words).take_while(|(one, other)| one == other).count();
        shared.min(same).min(words.len().saturating_sub(1))
    })
}

fn own_words(name: &str, shared: usize) -> String {
    name.split(' ').skip(shared).collect::<Vec<_>>().join(" ")
}

/// When each section was sold: what the map shows, for who does not see it.
pub(super) fn table(sections: &[Section<'_>]) -> String {
    let names = ["Seats", "Sold", "First", "Half", "Last"].map(Column::number);
    let columns = [Column::word("Section")].into_iter().chain(names).collect();
    let mut table = Table::new("When each section was sold", columns);
    for section in sections.iter().take(SECTION_ROWS_MAX) {
        let sold = &section.sold_millis;
        let at = |place: usize| {
            sold.get(place).map_or("–".to_owned(), |millis| duration(*millis as f64 / 1e3))
        };
        let name = if section.name.is_empty() { "no section" } else { section.name };
        table.row([
            clip(name, super::super::limits::LABEL_LETTERS_MAX),
            count(section.seats),
            count(sold.len() as u64),
            at(0),
            at(sold.len().saturating_sub(1) / 2),
            at(sold.len().saturating_sub(1)),
        ]);
    }
    let mut html = table.folded("When each section was sold");
    if sections.len() > SECTION_ROWS_MAX {
        let more = count((sections.len() - SECTION_ROWS_MAX) as u64);
        html.push_str(&format!("<p class=\"note\">The table leaves out {more} sections.</p>\n"));
    }
    html
}
