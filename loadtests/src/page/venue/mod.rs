//! The venue, drawn from the server's seat map, with every seat in the colour of the moment at
//! which it was sold.
//!
//! Seats of one colour are one path: a dot is a line without length whose ends are round. So
//! 50,000 seats are some hundred kilobytes, and a browser draws them at once. What stands under
//! the pointer is found by a script, from numbers that are written in differences.

mod areas;
mod places;
mod scale;
mod sections;
mod tables;

use std::collections::HashSet;
use std::fmt::Write as _;

use serde::Serialize;

use super::Page;
use super::limits::{LABEL_LETTERS_MAX, LABELS_BYTES_MAX};
use super::markup::{clip, esc, json};
use super::numbers::{count, duration};
use crate::picture::{Fate, SeatDrawn};
use places::{Drawing, Mark};
pub(super) use scale::css;
use scale::{CLASSES, Scale};

pub(super) fn section(page: &Page<'_>) -> String {
    let (seats, areas) = (&page.picture.seats, &page.picture.areas);
    let mut html = String::from("<section id=\"venue\"><h2>Where it was sold when</h2>\n");
    if seats.is_empty() && areas.is_empty() {
        html.push_str("<p>The venue has no seats.</p>\n</section>\n");
        return html;
    }
    let drawing = Drawing::of(seats);
    let of_seats = drawing.marks.iter().filter_map(|mark| sold_at(mark.fate));
    let of_areas = areas.iter().flat_map(|area| &area.sold);
    let of_areas = of_areas.flat_map(|(at, places)| std::iter::repeat_n(*at, *places as usize));
    let scale = Scale::of(of_seats.chain(of_areas));
    let sections = sections::sections(seats, &drawing);
    let _ = writeln!(html, "<p class=\"lead\">{}</p>", in_words(&drawing, !areas.is_empty()));
    html.push_str("<figure class=\"venue\">\n");
    let wrong: HashSet<usize> = page
        .report
        .violations
        .iter()
        .filter_map(|found| found.seat)
        .map(|seat| seat as usize / drawing.seats_a_mark)
        .collect();
    let tables = tables::Tables::of(&page.picture.tables, &drawing);
    html.push_str(&legend(&scale, &drawing, &tables, !wrong.is_empty()));
    if !seats.is_empty() {
        html.push_str(&map(&drawing, &scale, &sections, &tables, &wrong));
    }
    html.push_str(&areas::bars(areas, &scale));
    if !seats.is_empty() {
        html.push_str(&controls(&scale));
        let numbers = json(&Numbers::of(&drawing, seats));
        let _ = writeln!(html, "<script type=\"application/json\" id=\"seats\">{numbers}</script>");
    }
    html.push_str("</figure>\n");
    html.push_str(&areas::table(areas));
    html.push_str(&areas::ticket_types(page.report));
    if !seats.is_empty() {
        html.push_str(&sections::table(&sections));
    }
    html.push_str("</section>\n");
    html
}

fn sold_at(fate: Fate) -> Option<u64> {
    match fate {
        Fate::Sold { at_millis } => Some(at_millis),
        _ => None,
    }
}

fn in_words(drawing: &Drawing, has_areas: bool) -> String {
    let mut text = "Every seat has the colour of the moment at which its sale was acknowledged; \
                    equal parts of the scale are equal numbers of sales."
        .to_owned();
    if has_areas {
        text.push_str(" An area is a bar that its places fill from the left, first sold first.");
    }
    if drawing.seats_a_mark > 1 {
        let together = drawing.seats_a_mark;
        let _ = write!(text, " The venue is so large that {together} neighbours are one mark.");
    }
    if !drawing.is_by_chart {
        text.push_str(" The chart does not say where its seats are: they are drawn row by row.");
    }
    if drawing.is_squeezed {
        text.push_str(" Wide empty spaces of the chart are drawn narrower.");
    }
    text
}

/// Colours with their seconds, and the signs of what was not sold.
fn legend(scale: &Scale, drawing: &Drawing, tables: &tables::Tables, has_wrong: bool) -> String {
    let mut html = String::from("<div class=\"key\">");
    if let Some(at) = scale.only_moment() {
        let at = duration(at as f64 / 1e3);
        let _ = write!(
            html,
            "<ul class=\"signs\"><li><i class=\"sign c0\"></i>sold after {at}</li></ul>"
        );
    } else if !scale.is_empty() {
        html.push_str("<div class=\"scale\"><div class=\"colours\" aria-hidden=\"true\">");
        for class in 0..CLASSES {
            let _ = write!(html, "<i class=\"c{class}\"></i>");
        }
        html.push_str("</div><ol>");
        let marks = [(0, "first"), (25, "25 %"), (50, "half"), (75, "75 %"), (100, "last")];
        for (percent, name) in marks {
            let at = scale.at_share(f64::from(percent) / 100.0).unwrap_or(0) as f64 / 1e3;
            let at = duration(at);
            let _ = write!(html, "<li style=\"left:{percent}%\"><b>{at}</b> {name}</li>");
        }
        html.push_str("</ol></div>");
    }
    html.push_str("<ul class=\"signs\">");
    for (class, name, fate) in SIGNS {
        let marks = drawing.marks.iter().filter(|mark| mark.fate == fate).count();
        if marks > 0 {
            let seats = count((marks * drawing.seats_a_mark) as u64);
            let _ = write!(html, "<li><i class=\"sign {class}\"></i>{name} ({seats})</li>");
        }
    }
    for (class, name, tables) in tables.counts() {
        let _ = write!(html, "<li><i class=\"sign {class}\"></i>{name} ({})</li>", count(tables));
    }
    if has_wrong {
        html.push_str("<li><i class=\"sign wrong\"></i>with a violation</li>");
    }
    html.push_str("</ul></div>\n");
    html
}

/// Fates that have a sign instead of a colour.
const SIGNS: [(&str, &str, Fate); 4] = [
    ("free", "not sold", Fate::Available),
    ("on-hold", "in a hold at the end", Fate::Held),
    ("kept-back", "kept by the organizer", Fate::Blocked),
    ("others", "sold before or to others", Fate::SoldToOthers),
];

/// The drawing; `wrong` are the marks that a violation is about.
fn map(
    drawing: &Drawing,
    scale: &Scale,
    sections: &[sections::Section<'_>],
    tables: &tables::Tables,
    wrong: &HashSet<usize>,
) -> String {
    let Drawing { width, height, dot, marks, .. } = drawing;
    let description = format!(
        "The venue with {} marks, coloured by when they were sold. The table below says the same \
         by section.",
        count(marks.len() as u64)
    );
    let mut html = format!(
        "<div class=\"map\" style=\"max-width:{:.0}px\">\n<svg viewBox=\"0 0 {width} {height}\" \
         role=\"img\" aria-label=\"{}\" style=\"--dot:{dot}px\">\n",
        sections::width_on_page(drawing),
        esc(&description)
    );
    html.push_str(&tables.html());
    let wrong =
        dots(marks.iter().enumerate().filter(|(at, _)| wrong.contains(at)).map(|(_, at)| at));
    if !wrong.is_empty() {
        let _ = writeln!(html, "<path class=\"seat wrong\" d=\"{wrong}\"/>");
        let _ = writeln!(html, "<path class=\"seat wrong-ground\" d=\"{wrong}\"/>");
    }
    for (class, _, fate) in SIGNS {
        let same = marks.iter().filter(|mark| mark.fate == fate);
        let data = dots(same);
        if !data.is_empty() {
            let _ = writeln!(html, "<path class=\"seat {class}\" d=\"{data}\"/>");
            if matches!(fate, Fate::Available | Fate::Held) {
                // A ring is a dot with a smaller one in the colour of the ground on it.
                let _ = writeln!(html, "<path class=\"seat hole\" d=\"{data}\"/>");
            }
        }
    }
    let mut classes: Vec<Vec<&Mark>> = vec![Vec::new(); CLASSES];
    for mark in marks {
        if let Some(at_millis) = sold_at(mark.fate) {
            classes[scale.class(at_millis)].push(mark);
        }
    }
    for (class, marks) in classes.iter().enumerate().filter(|(_, marks)| !marks.is_empty()) {
        let from = marks.iter().filter_map(|mark| sold_at(mark.fate)).min().unwrap_or(0);
        let _ = writeln!(
            html,
            "<path class=\"seat c{class}\" data-from=\"{from}\" d=\"{}\"/>",
            dots(marks.iter().copied())
        );
    }
    let _ = writeln!(
        html,
        "<circle class=\"here\" r=\"{}\" cx=\"-9999\" cy=\"0\"/>\n</svg>",
        dot * 3 / 4
    );
    for name in sections::names(sections, drawing) {
        let class = if name.fits_phone { "name" } else { "name wide" };
        let _ = write!(
            html,
            "<span class=\"{class}\" style=\"left:{:.2}%;top:{:.2}%\">{}</span>",
            name.x * 100.0,
            name.y * 100.0,
            esc(&name.text)
        );
    }
    html.push_str("<output class=\"tip\" hidden=\"hidden\"></output></div>\n");
    html
}

/// Lines without length, each from where the last one was.
fn dots<'m>(marks: impl Iterator<Item = &'m Mark>) -> String {
    let mut data = String::new();
    let mut last = None;
    for mark in marks {
        let _ = match last {
            None => write!(data, "M{} {}h0", mark.x, mark.y),
            Some((x, y)) => write!(data, "m{} {}h0", mark.x - x, mark.y - y),
        };
        last = Some((mark.x, mark.y));
    }
    data
}

/// What only works with scripts, and is not shown without.
fn controls(scale: &Scale) -> String {
    let last = scale.at_share(1.0).unwrap_or(0).max(1);
    format!(
        "<div class=\"controls\" hidden=\"hidden\"><button type=\"button\" id=\"play\">Play the \
         sale</button><label>until <input type=\"range\" id=\"until\" min=\"0\" max=\"{last}\" \
         value=\"{last}\" step=\"1\"/></label><output id=\"until-text\">the end</output>\
         <label class=\"find\">find a seat <input type=\"search\" id=\"find\" \
         autocomplete=\"off\"/></label></div>\n"
    )
}

/// Marks for the script: positions in differences, hundredths of seconds or what else happened
/// (negative), and labels by how many letters each shares with the one before.
#[derive(Debug, Serialize)]
struct Numbers {
    x: Vec<i32>,
    y: Vec<i32>,
    fate: Vec<i64>,
    shared: Vec<usize>,
    label: Vec<String>,
    together: usize,
}

impl Numbers {
    fn of(drawing: &Drawing, seats: &[SeatDrawn]) -> Self {
        let marks = &drawing.marks;
        let (shared, label) = labels(marks, seats);
        Self {
            x: differences(marks.iter().map(|mark| mark.x)),
            y: differences(marks.iter().map(|mark| mark.y)),
            fate: marks.iter().map(|mark| fate_number(mark.fate)).collect(),
            shared,
            label,
            together: drawing.seats_a_mark,
        }
    }
}

fn fate_number(fate: Fate) -> i64 {
    match fate {
        Fate::Sold { at_millis } => (at_millis / 10) as i64,
        Fate::SoldToOthers => -1,
        Fate::Held => -2,
        Fate::Available => -3,
        Fate::Blocked => -4,
    }
}

fn differences(numbers: impl Iterator<Item = i32>) -> Vec<i32> {
    let mut last = 0;
    let difference = |number| number - std::mem::replace(&mut last, number);
    numbers.map(difference).collect()
}

/// Without labels if they are too long together.
fn labels(marks: &[Mark], seats: &[SeatDrawn]) -> (Vec<usize>, Vec<String>) {
    let (mut shared, mut label) = (Vec::new(), Vec::new());
    let (mut last, mut bytes) = (Vec::new(), 0);
    for seat in marks.iter().filter_map(|mark| seats.get(mark.seat)) {
        // A script counts letters beyond the 65,536th twice: they are not shared.
        let clipped = clip(&seat.label, LABEL_LETTERS_MAX);
        let letters: Vec<char> = clipped.chars().collect();
        let is_plain = |(one, other): &(&char, &char)| one == other && (**one as u32) < 0x1_0000;
        let same = letters.iter().zip(&last).take_while(is_plain).count();
        let own: String = letters[same..].iter().collect();
        // Two digits, quotes and commas; an escaped letter is six bytes.
        bytes += 6 + json(&own).len();
        shared.push(same);
        label.push(own);
        last = letters;
    }
    if bytes > LABELS_BYTES_MAX { (Vec::new(), Vec::new()) } else { (shared, label) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(x: i32, y: i32, seat: usize) -> Mark {
        Mark { x, y, fate: Fate::Available, seat }
    }

    fn seat(label: &str) -> SeatDrawn {
        let label = label.to_owned();
        let (section, row) = (String::new(), String::new());
        SeatDrawn { label, section, row, table: None, x: 0.0, y: 0.0, fate: Fate::Available }
    }

    #[test]
    fn dots_stand_where_their_marks_are() {
        let marks = [mark(10, 20, 0), mark(15, 20, 1), mark(5, 30, 2)];
        assert_eq!(dots(marks.iter()), "M10 20h0m5 0h0m-10 10h0");
        assert_eq!(differences([10, 15, 5].into_iter()), [10, 5, -10]);
    }

    #[test]
    fn labels_are_written_by_their_differences() {
        let seats = ["A-1", "A-12", "B-1", "🎭", "🎭2"].map(seat);
        let marks: Vec<Mark> = (0..5).map(|number| mark(0, 0, number)).collect();
        let (shared, label) = labels(&marks, &seats);
        assert_eq!(shared, [0, 3, 0, 0, 0]);
        assert_eq!(label, ["A-1", "2", "B-1", "🎭", "🎭2"]);
    }

    #[test]
    fn labels_without_measure_are_left_out() {
        let seats: Vec<SeatDrawn> = (0..40_000).map(|n| seat(&format!("{n:-<200}"))).collect();
        let marks: Vec<Mark> = (0..40_000).map(|number| mark(0, 0, number)).collect();
        assert_eq!(labels(&marks, &seats), (Vec::new(), Vec::new()));
    }
}
