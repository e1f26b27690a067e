//! Areas and ticket types, by the server's numbers: they add up, all that was acknowledged as sold
//! is among them, and not more than anybody was told of.

use std::collections::{BTreeMap, BTreeSet};

use super::{Circumstances, Testimony, statement};
use crate::audit::record::Books;
use crate::audit::{Findings, Kind};
use crate::layout::Layout;
use crate::request::Verb;
use crate::seat_map::{Counts, View};
use crate::spots::{Pool, Spots};

/// What the record says was sold of a pool and not brought back.
#[derive(Clone, Copy, Debug, Default)]
struct Sold {
    /// At least.
    surely: u64,
    /// At most.
    at_most: u64,
}

fn counts_of(view: &View, pool: Pool) -> Counts {
    let counts = match pool {
        Pool::Area(area) => view.areas.get(area as usize),
        Pool::TicketType(of) => view.ticket_types.get(usize::from(of)),
    };
    counts.copied().unwrap_or_default()
}

fn name(layout: &Layout, pool: Pool) -> String {
    match pool {
        Pool::Area(area) => format!("area {:?}", layout.area_label(area)),
        Pool::TicketType(of) => format!("ticket type {:?}", layout.type_key(of)),
    }
}

/// How much of a pool there is; `None` if it has no limit of its own.
fn capacity(layout: &Layout, pool: Pool) -> Option<u32> {
    match pool {
        Pool::Area(area) => layout.areas().get(area as usize).map(|area| area.capacity),
        Pool::TicketType(of) => layout.ticket_types().get(usize::from(of))?.quota,
    }
}

fn pools(layout: &Layout) -> impl Iterator<Item = Pool> {
    let areas = (0..layout.areas().len() as u32).map(Pool::Area);
    areas.chain((0..layout.ticket_types().len() as u16).map(Pool::TicketType))
}

/// Of each area the states add up to the capacity that the chart gave it, of each ticket type no
/// more is taken than its quota, and the sum of the areas is what the server says it is.
pub(super) fn add_up(layout: &Layout, testimony: &Testimony, findings: &mut Findings) {
    let view = &testimony.view;
    for pool in pools(layout) {
        let (Some(capacity), counts) = (capacity(layout, pool), counts_of(view, pool)) else {
            continue;
        };
        let taken = counts.sum() - u64::from(counts.available);
        let (kind, what) = match counts.sum() == u64::from(capacity) {
            true => continue,
            false if taken > u64::from(capacity) => (Kind::Oversold, "more is taken than there is"),
            false => (Kind::Conservation, "the states do not add up to the capacity"),
        };
        let message = format!("{}: {what}", name(layout, pool));
        let says = format!("{counts:?} of {capacity}");
        findings.add(kind, None, message, vec![statement(testimony, says)]);
    }
    let totals = testimony.totals;
    let is_quiet = view.places.held == 0 && totals.places.held == 0;
    if is_quiet && view.places != totals.places {
        let says = format!("areas: {:?}; availability: {:?}", view.places, totals.places);
        let message = "the areas and the availability count differently";
        findings.add(Kind::Conservation, None, message, vec![statement(testimony, says)]);
    }
}

/// All that was acknowledged is in the server's numbers and, if nobody else sold anything, not
/// more than buyers were told of or may have been sold without hearing it.
pub(super) fn sales_are_there(
    books: &Books<'_>,
    testimony: &Testimony,
    circumstances: Circumstances<'_>,
    findings: &mut Findings,
) {
    let layout = circumstances.layout;
    let sold = sold(books);
    for pool in pools(layout) {
        let Sold { surely, at_most } = sold.get(&pool).copied().unwrap_or_default();
        let by_server = u64::from(counts_of(&testimony.view, pool).allocated);
        let before = match circumstances.is_alone {
            true => u64::from(counts_of(circumstances.before, pool).allocated),
            false => 0,
        };
        let (kind, what) = match by_server {
            by_server if by_server < before + surely => {
                (Kind::AcknowledgedMissing, "sales were acknowledged that the server does not have")
            }
            by_server if circumstances.is_alone && by_server > before + at_most => {
                (Kind::SoldToNobody, "the server has sales that no buyer was told of")
            }
            _ => continue,
        };
        let message = format!("{}: {what}", name(layout, pool));
        let says = format!(
            "{by_server} sold, {before} of them before; of this run's sales {surely} to {at_most} \
             are known"
        );
        findings.add(kind, None, message, vec![statement(testimony, says)]);
    }
}

fn sold(books: &Books<'_>) -> BTreeMap<Pool, Sold> {
    let mut sold: BTreeMap<Pool, Sold> = BTreeMap::new();
    for sale in books.allocations.values() {
        let Some(spots) = sale.sold.and_then(|entry| entry.answer.spots()) else { continue };
        let mut left: BTreeMap<Pool, u64> = BTreeMap::new();
        for (pool, count) in spots.pools() {
            *left.entry(pool).or_default() += count;
        }
        for (pool, count) in sale.returned.iter().flat_map(|spots| spots.pools()) {
            let left = left.entry(pool).or_default();
            *left = left.saturating_sub(count);
        }
        for (pool, left) in left {
            let of = sold.entry(pool).or_default();
            of.at_most += left;
            // What may have been brought back as well is not sure to be there.
            of.surely += if sale.end_is_open { 0 } else { left };
        }
    }
    // Whoever asked to buy and heard nothing may be the one: of everything that was held.
    let mut holds = BTreeSet::new();
    for entry in &books.unresolved {
        let Verb::Allocate(hold_id, _) = &entry.request.verb else { continue };
        let placed = books.holds.get(hold_id).and_then(|hold| hold.placed);
        let spots = placed.and_then(|placed| placed.answer.spots());
        if holds.insert(*hold_id) {
            for (pool, count) in spots.into_iter().flat_map(Spots::pools) {
                sold.entry(pool).or_default().at_most += count;
            }
        }
    }
    sold
}
