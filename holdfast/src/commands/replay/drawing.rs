//! A seat map in characters: one a seat, a line a row.

use std::collections::HashSet;
use std::io::{self, Write};

use inventory_core::chart::ChartParts;
use inventory_core::fact::SeatStatus;
use inventory_core::ids::{AreaIndex, SeatIndex, SectionIndex};
use inventory_core::spots::Counts;
use inventory_engine::past::SeatMap;

use super::until::at;

/// Writes what is known of the event, then section by section its rows, tables and areas.
pub(super) fn write(map: &SeatMap, source: &str, out: &mut impl Write) -> io::Result<()> {
    let (event, shard) = (&map.event, map.event.event_id.shard());
    writeln!(
        out,
        "event {} {:?} at {}, LSN {} of shard {shard}, from {source}",
        event.event_id,
        event.name,
        at(map.at),
        map.lsn
    )?;
    if let Some(closed_at) = map.closed_at {
        writeln!(out, "closed since {}", at(closed_at))?;
    }
    let parts = event.chart.parts();
    if !parts.seats.is_empty() {
        writeln!(out, "seats   {}", told(map.seat_counts()))?;
    }
    if !parts.areas.is_empty() {
        writeln!(out, "places  {}", told(map.place_counts()))?;
    }
    if !parts.seats.is_empty() {
        writeln!(out, "one character a seat: . available, h held, # sold, x blocked")?;
    }
    let sections = (0..parts.sections.len()).map(|index| Some(SectionIndex(index as u32)));
    sections.chain([None]).try_for_each(|section| write_section(map, section, out))
}

/// One section, or what is in none; nothing if there is nothing.
fn write_section(
    map: &SeatMap,
    section: Option<SectionIndex>,
    out: &mut impl Write,
) -> io::Result<()> {
    let lines = lines_of(map, section);
    if lines.is_empty() {
        return Ok(());
    }
    let parts = map.event.chart.parts();
    let section = section.map(|of| &parts.sections[of.0 as usize]);
    let floor = section.and_then(|section| section.floor.as_deref());
    match section {
        Some(section) => write!(out, "\n{}", section.label)?,
        None => write!(out, "\n(no section)")?,
    }
    writeln!(out, "{}", floor.map(|floor| format!(" ({floor})")).unwrap_or_default())?;
    let width = lines.iter().map(|(label, _)| label.chars().count()).max().unwrap_or_default();
    lines.iter().try_for_each(|(label, line)| writeln!(out, "  {label:width$}  {line}"))
}

/// Labels with what is behind them, in the order of the chart.
fn lines_of(map: &SeatMap, section: Option<SectionIndex>) -> Vec<(String, String)> {
    let parts = map.event.chart.parts();
    let mut lines = Vec::new();
    for row in parts.rows.iter().filter(|row| row.section == section) {
        lines.push((row.label.clone(), drawn(map, &row.seats)));
    }
    for table in parts.tables.iter().filter(|table| table.section == section) {
        let counts = told(counts_of(map, &table.seats));
        lines.push((table.label.clone(), format!("{}  table: {counts}", drawn(map, &table.seats))));
    }
    let alone = seats_alone(parts);
    for seat in alone.iter().filter(|seat| parts.seats[seat.0 as usize].section == section) {
        lines.push((parts.seats[seat.0 as usize].label.clone(), drawn(map, &[*seat])));
    }
    for (index, area) in (0..).map(AreaIndex).zip(&parts.areas) {
        if area.section == section {
            lines.push((area.label.clone(), format!("area: {}", area_told(map, index))));
        }
    }
    lines
}

/// Seats in neither a row nor a table.
fn seats_alone(parts: &ChartParts) -> Vec<SeatIndex> {
    let in_rows = parts.rows.iter().flat_map(|row| &row.seats);
    let placed: HashSet<_> =
        in_rows.chain(parts.tables.iter().flat_map(|table| &table.seats)).collect();
    let all = (0..parts.seats.len()).map(|index| SeatIndex(index as u32));
    all.filter(|seat| !placed.contains(seat)).collect()
}

fn drawn(map: &SeatMap, seats: &[SeatIndex]) -> String {
    let status = |seat: &SeatIndex| map.seat(*seat).map(|seat| seat.status);
    let character = |status| match status {
        Some(SeatStatus::Available) => '.',
        Some(SeatStatus::Held) => 'h',
        Some(SeatStatus::Allocated) => '#',
        Some(SeatStatus::Blocked) => 'x',
        None => '?',
    };
    seats.iter().map(|seat| character(status(seat))).collect()
}

fn counts_of(map: &SeatMap, seats: &[SeatIndex]) -> Counts {
    let mut counts = Counts::default();
    let seats = seats.iter().filter_map(|seat| map.seat(*seat));
    seats.for_each(|seat| counts.0[seat.status as usize] += 1);
    counts
}

/// The counts of an area, and what is held and sold of each ticket type.
fn area_told(map: &SeatMap, area: AreaIndex) -> String {
    let mut text = told(map.area_counts(area));
    for (ticket_type, places) in map.places(area) {
        let Some(ticket_type) = ticket_type else { continue };
        let key = map.ticket_type(ticket_type);
        text += &format!("; {key}: {} held, {} sold", places.held, places.allocated);
    }
    text
}

fn told(counts: Counts) -> String {
    let [available, held, sold, blocked] = counts.0;
    let total = counts.total();
    format!("{available} available, {held} held, {sold} sold, {blocked} blocked of {total}")
}
