//! Areas as bars that fill from the left in the colours of time, and what everything was sold as.

use std::fmt::Write as _;

use super::super::limits::{AREA_BARS_MAX, AREA_ROWS_MAX, LABEL_LETTERS_MAX};
use super::super::markup::{clip, esc};
use super::super::numbers::{count, duration};
use super::super::table::{Column, Table};
use super::scale::{CLASSES, Scale};
use crate::picture::AreaDrawn;
use crate::report::Report;

/// A part of a bar: its class, when it began to be sold, and its places.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Part {
    class: String,
    from_millis: Option<u64>,
    places: u64,
}

/// The areas as bars.
pub(super) fn bars(areas: &[AreaDrawn], scale: &Scale) -> String {
    if areas.is_empty() {
        return String::new();
    }
    let mut html = String::from("<ul class=\"areas\">\n");
    for area in areas.iter().take(AREA_BARS_MAX) {
        let capacity = area.places.sum();
        let sold = u64::from(area.places.allocated);
        let says = format!("{} of {} places sold", count(sold), count(capacity));
        let _ = write!(
            html,
            "<li><p><b>{}</b> <span>{says}</span></p><div class=\"fill\" role=\"img\" \
             aria-label=\"{says}\">",
            esc(&clip(&area.label, LABEL_LETTERS_MAX))
        );
        for part in parts(area, scale) {
            let width = part.places as f64 * 100.0 / capacity.max(1) as f64;
            let from = part.from_millis.map(|from| format!(" data-from=\"{from}\""));
            let _ = write!(
                html,
                "<i class=\"{}\"{} style=\"width:{width:.2}%\"></i>",
                part.class,
                from.unwrap_or_default()
            );
        }
        html.push_str("</div></li>\n");
    }
    html.push_str("</ul>\n");
    if areas.len() > AREA_BARS_MAX {
        let more = count((areas.len() - AREA_BARS_MAX) as u64);
        let _ = writeln!(html, "<p class=\"note\">{more} more areas are in the table below.</p>");
    }
    html
}

/// What was sold before or to others, what was sold in the run by when, what is held or kept.
fn parts(area: &AreaDrawn, scale: &Scale) -> Vec<Part> {
    let mut by_class: Vec<(Option<u64>, u64)> = vec![(None, 0); CLASSES];
    for (at_millis, places) in &area.sold {
        let (from, sum) = &mut by_class[scale.class(*at_millis)];
        *from = Some(from.map_or(*at_millis, |from| from.min(*at_millis)));
        *sum += u64::from(*places);
    }
    let in_run: u64 = by_class.iter().map(|(_, places)| places).sum();
    let others = u64::from(area.places.allocated).saturating_sub(in_run);
    let part =
        |class: &str, places: u64| Part { class: class.to_owned(), from_millis: None, places };
    let sold = by_class.into_iter().enumerate().map(|(class, (from_millis, places))| Part {
        class: format!("c{class}"),
        from_millis,
        places,
    });
    let rest = [
        part("on-hold", u64::from(area.places.held)),
        part("kept-back", u64::from(area.places.blocked)),
    ];
    let parts = [part("others", others)].into_iter().chain(sold).chain(rest);
    parts.filter(|part| part.places > 0).collect()
}

/// When each area was sold: what the bars show, for who does not see them.
pub(super) fn table(areas: &[AreaDrawn]) -> String {
    if areas.is_empty() {
        return String::new();
    }
    let names = ["Places", "Sold", "First", "Half", "Last"].map(Column::number);
    let columns = [Column::word("Area")].into_iter().chain(names).collect();
    let mut table = Table::new("When each area was sold", columns);
    for area in areas.iter().take(AREA_ROWS_MAX) {
        let in_run: u64 = area.sold.iter().map(|(_, places)| u64::from(*places)).sum();
        let at = |place: u64| {
            let mut before = 0;
            let reached = area.sold.iter().find(|(_, places)| {
                before += u64::from(*places);
                before >= place
            });
            reached.map_or("–".to_owned(), |(at, _)| duration(*at as f64 / 1e3))
        };
        table.row([
            clip(&named(area), LABEL_LETTERS_MAX),
            count(area.places.sum()),
            count(u64::from(area.places.allocated)),
            at(1),
            at(in_run.div_ceil(2)),
            at(in_run),
        ]);
    }
    let mut html = table.folded("When each area was sold");
    if areas.len() > AREA_ROWS_MAX {
        let more = count((areas.len() - AREA_ROWS_MAX) as u64);
        let _ = writeln!(html, "<p class=\"note\">The table leaves out {more} areas.</p>");
    }
    html
}

/// With its section, if that says more than the label.
fn named(area: &AreaDrawn) -> String {
    if area.section.is_empty() || area.label.contains(&area.section) {
        area.label.clone()
    } else {
        format!("{} ({})", area.label, area.section)
    }
}

/// What seats and places were sold as.
pub(super) fn ticket_types(report: &Report) -> String {
    if report.ticket_types.is_empty() {
        return String::new();
    }
    let numbers = ["Sold", "Quota", "Left"].map(Column::number);
    let columns = [Column::word("Ticket type")].into_iter().chain(numbers).collect();
    let mut table = Table::new("What it was sold as", columns);
    for of in &report.ticket_types {
        let left = of.quota.map(|quota| count(u64::from(quota.saturating_sub(of.sold))));
        table.row([
            clip(&of.key, LABEL_LETTERS_MAX),
            count(u64::from(of.sold)),
            of.quota.map_or("no limit".to_owned(), |quota| count(u64::from(quota))),
            left.unwrap_or_else(|| "–".to_owned()),
        ]);
    }
    table.html()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seat_map::Counts;

    #[test]
    fn a_bar_is_filled_in_the_order_of_time() {
        let area = AreaDrawn {
            label: "Lawn".to_owned(),
            section: String::new(),
            sold: vec![(10, 5), (90, 20), (2_000, 5)],
            places: Counts { available: 40, held: 10, allocated: 50, blocked: 0 },
        };
        let scale = Scale::of([10, 90, 90, 2_000].into_iter());
        let parts = parts(&area, &scale);
        let places: Vec<u64> = parts.iter().map(|part| part.places).collect();
        assert_eq!(places, [20, 5, 20, 5, 10], "others, the three moments, held");
        assert_eq!(parts[1].from_millis, Some(10));
        let html = bars(&[area], &scale);
        assert!(html.contains("50 of 100 places sold"), "{html}");
        assert!(html.contains("data-from=\"90\" style=\"width:20.00%\""), "{html}");
    }

    #[test]
    fn an_area_without_places_is_a_bar_all_the_same() {
        let area = AreaDrawn { label: "<b>".to_owned(), ..AreaDrawn::default() };
        let html = bars(std::slice::from_ref(&area), &Scale::of(std::iter::empty()));
        assert!(html.contains("&lt;b&gt;") && html.contains("0 of 0 places"), "{html}");
        assert!(table(&[area]).contains("–"));
    }
}
