//! An event as everybody may see it: durable states in atomics, written by the event's writer
//! when facts become durable, read by anyone without waiting.
//!
//! Must always hold: a version is stored after what it shows, so who reads it first and the
//! states then sees at least that version's; what is shown is told to the event's feed after
//! that, if it is watched.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use inventory_core::chart::Chart;
use inventory_core::fact::{Change, Fact, SeatStatus};
use inventory_core::ids::{CategoryIndex, ChartHash, EventId, Lsn, SeatIndex, SectionIndex};
use inventory_core::rules::EventRules;
use inventory_core::spots::{Counts, Spots};
use inventory_core::state::EventState;
use inventory_core::ticket_type::TicketType;
use inventory_core::time::Timestamp;

use crate::feed::{Feed, Picture, Tap};
use crate::names::EventNames;
use crate::view::shared_counts::SharedCounts;

mod shared_counts;

/// One event on sale.
#[derive(Debug)]
pub struct EventView {
    /// Its id.
    pub id: EventId,
    /// Its name for people.
    pub name: String,
    /// The name of its chart's content.
    pub chart_hash: ChartHash,
    /// Its chart.
    pub chart: Arc<Chart>,
    /// The rules of its sale.
    pub rules: EventRules,
    /// What its spots may be sold as.
    pub ticket_types: Arc<[TicketType]>,
    /// When it was created.
    pub created_at: Timestamp,
    statuses: Box<[AtomicU8]>,
    seats: SharedCounts,
    places: SharedCounts,
    /// By index, and last what is in none.
    sections: Box<[SharedCounts]>,
    /// By index, and last what is in none.
    categories: Box<[SharedCounts]>,
    areas: Box<[SharedCounts]>,
    ticket_types_sold: Box<[SharedCounts]>,
    /// When its sale ended for good, in milliseconds; 0 while it has not.
    closed_at: AtomicU64,
    /// The LSN of the newest fact of the event that is shown in full.
    version: AtomicU64,
    tap: Tap,
    feed: Feed,
}

/// Seats and places of one part of an event: of a section, of a category.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PartCounts<'a> {
    /// What it is called; empty for what is in none.
    pub name: &'a str,
    /// How many are in each state, all at one moment.
    pub counts: Counts,
}

impl EventView {
    /// An event with everything available, as the fact that created it says.
    pub fn created(event: &EventState, fact: &Fact) -> Self {
        Self::untouched(event, fact.lsn)
    }

    /// An event as recovered; all of it is durable.
    pub fn recovered(event: &EventState, lsn: Lsn) -> Self {
        let view = Self::untouched(event, lsn);
        for (index, seat) in (0..).zip(event.seats()) {
            let became = seat.status();
            if became != SeatStatus::Available {
                view.move_seat(SeatIndex(index), SeatStatus::Available, became);
            }
        }
        for (index, counts) in event.areas().iter().enumerate() {
            for became in [SeatStatus::Held, SeatStatus::Allocated, SeatStatus::Blocked] {
                view.move_places(index, SeatStatus::Available, became, counts.get(became));
            }
        }
        for (sold, counts) in view.ticket_types_sold.iter().zip(event.ticket_type_counts()) {
            for became in [SeatStatus::Held, SeatStatus::Allocated] {
                sold.shift(SeatStatus::Available, became, counts.get(became));
            }
        }
        view.closed_at.store(event.closed_at.map_or(0, |at| at.0), Ordering::Relaxed);
        view
    }

    fn untouched(event: &EventState, lsn: Lsn) -> Self {
        let chart = &event.chart;
        let parts = chart.parts();
        // What is in none comes last.
        let mut sections = vec![0; parts.sections.len() + 1];
        let mut categories = vec![0; parts.categories.len() + 1];
        let places = parts.areas.iter().map(|area| (area.section, area.category, area.capacity));
        let seats = parts.seats.iter().map(|seat| (seat.section, seat.category, 1));
        for (section, category, spots) in seats.chain(places) {
            sections[section_place(chart, section)] += spots;
            categories[category_place(chart, category)] += spots;
        }
        let all = |capacities: Vec<u32>| capacities.into_iter().map(SharedCounts::available);
        let types = event.ticket_type_counts().iter().map(|counts| counts.total());
        Self {
            id: event.id,
            name: event.name.to_string(),
            chart_hash: event.chart_hash,
            chart: Arc::clone(chart),
            rules: event.rules,
            ticket_types: Arc::clone(&event.ticket_types),
            created_at: event.created_at,
            statuses: parts.seats.iter().map(|_| AtomicU8::default()).collect(),
            seats: SharedCounts::available(chart.seat_count()),
            places: SharedCounts::available(chart.place_count()),
            sections: all(sections).collect(),
            categories: all(categories).collect(),
            areas: all(parts.areas.iter().map(|area| area.capacity).collect()).collect(),
            ticket_types_sold: all(types.collect()).collect(),
            closed_at: AtomicU64::new(0),
            version: AtomicU64::new(lsn.0),
            tap: Tap::default(),
            feed: Feed::default(),
        }
    }

    /// Shows a durable fact. Only the event's writer calls this, in LSN order.
    pub fn show(&self, fact: &Fact) {
        self.tap.begin(fact.lsn.0);
        if let Some((spots, from, became)) = fact.change.spots_moved() {
            self.move_spots(spots, from, became);
        }
        if matches!(fact.change, Change::EventClosed) {
            self.closed_at.store(fact.at.0, Ordering::Release);
        }
        // In one order with the look at the tap; its module says why.
        self.version.store(fact.lsn.0, Ordering::SeqCst);
        if self.tap.is_open() {
            self.tell(fact);
        }
    }

    /// Tells the feed what a fact left behind.
    fn tell(&self, fact: &Fact) {
        self.tap.tell(fact.lsn.0, |pending| {
            if let Some((spots, _, became)) = fact.change.spots_moved()
                // Each spot may have a ticket type, which changes too.
                && pending.has_room((spots.seats.len() + spots.areas.len()) * 2)
            {
                spots.seat_indexes().for_each(|seat| pending.seat(seat.0, became));
                for places in &spots.areas {
                    pending.area(places.area.0, self.areas[places.area.0 as usize].get());
                }
                for (ticket_type, _) in spots.by_ticket_type() {
                    let counts = self.ticket_types_sold[usize::from(ticket_type.0)].get();
                    pending.ticket_type(ticket_type.0.into(), counts);
                }
            }
            if matches!(fact.change, Change::EventClosed) {
                pending.closed();
            }
        });
    }

    fn move_spots(&self, spots: &Spots, from: SeatStatus, became: SeatStatus) {
        for seat in spots.seat_indexes() {
            self.move_seat(seat, from, became);
        }
        for places in &spots.areas {
            self.move_places(places.area.0 as usize, from, became, places.count);
        }
        for (ticket_type, count) in spots.by_ticket_type() {
            self.ticket_types_sold[usize::from(ticket_type.0)].shift(from, became, count);
        }
    }

    fn move_seat(&self, index: SeatIndex, from: SeatStatus, became: SeatStatus) {
        self.statuses[index.0 as usize].store(became as u8, Ordering::Release);
        self.seats.shift(from, became, 1);
        if let Some(place) = self.chart.seat_place(index) {
            self.sections[section_place(&self.chart, place.section)].shift(from, became, 1);
            self.categories[category_place(&self.chart, place.category)].shift(from, became, 1);
        }
    }

    fn move_places(&self, area: usize, from: SeatStatus, became: SeatStatus, count: u32) {
        let of = &self.chart.parts().areas[area];
        self.areas[area].shift(from, became, count);
        self.places.shift(from, became, count);
        self.sections[section_place(&self.chart, of.section)].shift(from, became, count);
        self.categories[category_place(&self.chart, of.category)].shift(from, became, count);
    }

    pub(crate) fn tap(&self) -> &Tap {
        &self.tap
    }

    pub(crate) fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Everything, at least as new as the version.
    pub(crate) fn picture(&self) -> Picture {
        // In one order with the opening of the tap.
        let version = self.version.load(Ordering::SeqCst);
        Picture {
            version,
            statuses: self.statuses().collect(),
            areas: self.areas().collect(),
            ticket_types: self.ticket_type_counts().collect(),
            is_closed: self.closed_at().is_some(),
        }
    }

    /// What it calls things.
    pub fn names(&self) -> EventNames {
        let (chart, ticket_types) = (Arc::clone(&self.chart), Arc::clone(&self.ticket_types));
        EventNames { chart, ticket_types }
    }

    /// The version: what is read after this shows at least all changes up to it.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// When its sale ended for good.
    pub fn closed_at(&self) -> Option<Timestamp> {
        Some(Timestamp(self.closed_at.load(Ordering::Acquire))).filter(|at| at.0 > 0)
    }

    /// How many seats are in each state, all at one moment.
    pub fn counts(&self) -> Counts {
        self.seats.get()
    }

    /// How many places of all areas are in each state, all at one moment.
    pub fn places(&self) -> Counts {
        self.places.get()
    }

    /// The places of each area, by index.
    pub fn areas(&self) -> impl Iterator<Item = Counts> {
        self.areas.iter().map(SharedCounts::get)
    }

    /// What is left, held and sold of each ticket type, by index.
    pub fn ticket_type_counts(&self) -> impl Iterator<Item = Counts> {
        self.ticket_types_sold.iter().map(SharedCounts::get)
    }

    /// Seats and places by section, and last those in none, if there are any.
    pub fn sections(&self) -> impl Iterator<Item = PartCounts<'_>> {
        let names = self.chart.parts().sections.iter().map(|section| section.label.as_str());
        parts(names, &self.sections)
    }

    /// Seats and places by category, and last those in none, if there are any.
    pub fn categories(&self) -> impl Iterator<Item = PartCounts<'_>> {
        let names = self.chart.parts().categories.iter().map(|category| category.key.as_str());
        parts(names, &self.categories)
    }

    /// The state of one seat; `None` if there is no such seat.
    pub fn status(&self, seat: SeatIndex) -> Option<SeatStatus> {
        let status = self.statuses.get(seat.0 as usize)?.load(Ordering::Acquire);
        SeatStatus::ALL.get(usize::from(status)).copied()
    }

    /// The state of each seat, by index, as numbers of [`SeatStatus`].
    pub fn statuses(&self) -> impl ExactSizeIterator<Item = u8> {
        self.statuses.iter().map(|status| status.load(Ordering::Acquire))
    }

    /// A bit a seat, by index, the lowest bit of the first byte first: 1 is available.
    pub fn available_seats(&self) -> Vec<u8> {
        let of_eight = |eight: &[AtomicU8]| {
            let bits = eight.iter().enumerate().map(|(bit, status)| {
                u8::from(status.load(Ordering::Acquire) == SeatStatus::Available as u8) << bit
            });
            bits.sum()
        };
        self.statuses.chunks(8).map(of_eight).collect()
    }
}

fn parts<'a>(
    names: impl Iterator<Item = &'a str>,
    counts: &'a [SharedCounts],
) -> impl Iterator<Item = PartCounts<'a>> {
    let named = names.map(Some).chain([None]).zip(counts);
    let there = named.map(|(name, counts)| (name, counts.get()));
    let there = there.filter(|(name, counts)| name.is_some() || counts.total() > 0);
    there.map(|(name, counts)| PartCounts { name: name.unwrap_or_default(), counts })
}

/// Where a section is counted; what is in none comes last.
fn section_place(chart: &Chart, section: Option<SectionIndex>) -> usize {
    section.map_or(chart.parts().sections.len(), |section| section.0 as usize)
}

/// Where a category is counted; what is in none comes last.
fn category_place(chart: &Chart, category: Option<CategoryIndex>) -> usize {
    category.map_or(chart.parts().categories.len(), |category| category.0 as usize)
}
