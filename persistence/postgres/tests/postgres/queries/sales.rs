//! Where a sale stands, and what became of it over time.

use std::collections::BTreeMap;

use inventory_core::fact::{Change, SeatStatus};
use inventory_core::ids::{AreaIndex, CategoryIndex, EventId, SeatIndex, SectionIndex};
use inventory_core::spots::Counts;
use inventory_engine::past::SeatMap;

use super::asking::{Answer, Asking, or_dash, percent, row, sorted};
use super::truth::{EVENTS, Truth, hex, hour, names, request, spots};

type Place = (Option<SectionIndex>, Option<CategoryIndex>);

/// Counts of all seats and areas, by what `name` makes of where they are.
fn grouped(map: &SeatMap, name: impl Fn(Place) -> Option<String>) -> BTreeMap<String, Counts> {
    let parts = map.event.chart.parts();
    let mut groups: BTreeMap<String, Counts> = BTreeMap::new();
    for (seat, then) in parts.seats.iter().zip(map.seats()) {
        let group = groups.entry(or_dash(name((seat.section, seat.category)))).or_default();
        group.0[then.status as usize] += 1;
    }
    for (index, area) in (0..).map(AreaIndex).zip(&parts.areas) {
        let group = groups.entry(or_dash(name((area.section, area.category)))).or_default();
        let counts = map.area_counts(index).0;
        group.0.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    groups
}

fn counted(name: &str, counts: &Counts) -> Vec<String> {
    let [available, held, allocated, blocked] = counts.0;
    row([&name, &counts.total(), &available, &held, &allocated, &blocked])
}

pub(super) async fn sections(asked: &mut Asking, truth: &Truth) {
    let counts = ["section", "capacity", "available", "held", "allocated", "blocked"];
    let columns = [&counts[..], &["sold_percent"]].concat();
    for event_id in EVENTS {
        let map = truth.map_now(event_id);
        let sections = &map.event.chart.parts().sections;
        let name = |(section, _): Place| Some(sections[section?.0 as usize].label.clone());
        let expected = grouped(&map, name).into_iter().map(|(name, counts)| {
            let mut row = counted(&name, &counts);
            let sold = u64::from(counts.get(SeatStatus::Allocated));
            row.push(percent(sold, u64::from(counts.total())));
            row
        });
        let expected: Answer = expected.collect();
        assert_eq!(sorted(asked.about(event_id, &[], &columns).await), sorted(expected));
    }
}

pub(super) async fn categories(asked: &mut Asking, truth: &Truth) {
    let columns = ["category", "capacity", "available", "held", "allocated", "blocked"];
    for event_id in EVENTS {
        let map = truth.map_now(event_id);
        let categories = &map.event.chart.parts().categories;
        let name = |(_, category): Place| Some(categories[category?.0 as usize].key.clone());
        let groups = grouped(&map, name);
        let expected = groups.iter().map(|(name, counts)| counted(name, counts)).collect();
        assert_eq!(sorted(asked.about(event_id, &[], &columns).await), sorted(expected));
    }
}

pub(super) async fn ticket_types(asked: &mut Asking, truth: &Truth) {
    let columns = ["key", "quota", "held", "allocated", "quota_left"];
    for event_id in EVENTS {
        let map = truth.map_now(event_id);
        let created = truth.facts_of(event_id).next().unwrap();
        let Change::EventCreated { ticket_types, .. } = &created.change else { panic!() };
        let expected: Answer = (0..)
            .zip(ticket_types)
            .map(|(index, of)| {
                let (held, allocated) = taken_as(&map, index);
                let left = of.quota.map(|quota| quota - held - allocated);
                row([&of.key, &or_dash(of.quota), &held, &allocated, &or_dash(left)])
            })
            .collect();
        assert_eq!(asked.about(event_id, &[], &columns).await, expected);
    }
}

/// What is held and sold as a ticket type.
fn taken_as(map: &SeatMap, index: u16) -> (u32, u32) {
    let is_it =
        |of: Option<_>| of.is_some_and(|of: inventory_core::ids::TicketTypeIndex| of.0 == index);
    let seats = |status| {
        let seats = map.seats().iter().filter(|seat| is_it(seat.ticket_type));
        seats.filter(|seat| seat.status == status).count() as u32
    };
    let areas = (0..map.event.chart.parts().areas.len() as u32).map(AreaIndex);
    let places: Vec<_> = areas.flat_map(|area| map.places(area).collect::<Vec<_>>()).collect();
    let places = places.iter().filter(|(of, _)| is_it(*of));
    let (held, allocated) = places.fold((0, 0), |(held, allocated), (_, places)| {
        (held + places.held, allocated + places.allocated)
    });
    (seats(SeatStatus::Held) + held, seats(SeatStatus::Allocated) + allocated)
}

pub(super) async fn hours(asked: &mut Asking, truth: &Truth) {
    let columns = ["hour", "allocated", "returned", "sold_by_then"];
    for event_id in EVENTS {
        let mut hours: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
        for fact in truth.facts_of(event_id) {
            match fact.change {
                Change::HoldAllocated { .. } => {
                    hours.entry(hour(fact.at)).or_default().0 += spots(fact);
                }
                Change::SpotsReturned { .. } => {
                    hours.entry(hour(fact.at)).or_default().1 += spots(fact);
                }
                _ => {}
            }
        }
        let mut sold = 0;
        let expected: Answer = hours
            .iter()
            .map(|(hour, (allocated, returned))| {
                sold = sold + allocated - returned;
                row([hour, allocated, returned, &sold])
            })
            .collect();
        assert_eq!(asked.about(event_id, &[], &columns).await, expected);
    }
}

pub(super) async fn doors(asked: &mut Asking, truth: &Truth) {
    for event_id in EVENTS {
        let mut doors: BTreeMap<&str, u64> = BTreeMap::new();
        let sold = |change: &Change| matches!(change, Change::HoldAllocated { .. });
        for fact in truth.facts_of(event_id).filter(|fact| sold(&fact.change)) {
            let door = if request(fact).unwrap().made_at().is_some() {
                "grpc_or_rest"
            } else {
                "rest_with_key"
            };
            *doors.entry(door).or_default() += spots(fact);
        }
        let expected: Answer = doors.iter().map(|(door, spots)| row([door, spots])).collect();
        assert_eq!(asked.about(event_id, &[], &["channel", "allocated"]).await, expected);
    }
}

#[derive(Default)]
struct Converted {
    holds: u64,
    by_status: BTreeMap<&'static str, u64>,
    spots: u64,
    sold: u64,
}

pub(super) async fn conversion(asked: &mut Asking, truth: &Truth) {
    let statuses = ["allocated", "released", "expired", "live"];
    let sums = ["spots_held", "spots_sold", "sold_percent"];
    let columns = [&["hour", "holds"], &statuses[..], &sums].concat();
    for event_id in EVENTS {
        let mut hours: BTreeMap<u64, Converted> = BTreeMap::new();
        for (id, hold) in truth.holds.iter().filter(|(_, hold)| hold.event_id == event_id) {
            let of = hours.entry(hour(hold.placed_at)).or_default();
            of.holds += 1;
            *of.by_status.entry(hold.status).or_default() += 1;
            of.spots += hold.spots;
            let sold = truth.allocations.values().filter(|of| of.hold_id == *id);
            of.sold += sold.map(|of| of.spots).sum::<u64>();
        }
        let expected: Answer = hours
            .iter()
            .map(|(hour, of)| {
                let mut cells = row([hour, &of.holds]);
                let count = |status: &&str| of.by_status.get(*status).copied().unwrap_or(0);
                cells.extend(statuses.iter().map(|status| count(status).to_string()));
                cells.extend(row([&of.spots, &of.sold, &percent(of.sold, of.spots)]));
                cells
            })
            .collect();
        assert_eq!(asked.about(event_id, &[], &columns).await, expected);
    }
}

pub(super) async fn off_sale(asked: &mut Asking, truth: &Truth) {
    for event_id in EVENTS {
        let expected = blocked(truth, event_id);
        let answer = asked.about(event_id, &[], &["section", "label", "spots"]).await;
        assert_eq!(sorted(answer), sorted(expected));
    }
}

fn blocked(truth: &Truth, event_id: EventId) -> Answer {
    let map = truth.map_now(event_id);
    let parts = map.event.chart.parts();
    let section = |of: Option<SectionIndex>| {
        or_dash(of.map(|of| parts.sections[of.0 as usize].label.clone()))
    };
    let mut rows = Answer::new();
    for (index, seat) in (0..).map(SeatIndex).zip(&parts.seats) {
        if map.seat(index).unwrap().status == SeatStatus::Blocked {
            rows.push(row([&section(seat.section), &seat.label, &1]));
        }
    }
    for (index, area) in (0..).map(AreaIndex).zip(&parts.areas) {
        let blocked = map.area_counts(index).get(SeatStatus::Blocked);
        if blocked > 0 {
            rows.push(row([&section(area.section), &area.label, &blocked]));
        }
    }
    rows
}

pub(super) async fn returns(asked: &mut Asking, truth: &Truth) {
    let columns = ["at", "buyer_id", "allocation_id", "spots", "spots_left", "seconds_after_sale"];
    for event_id in EVENTS {
        let facts: Vec<_> = truth.facts_of(event_id).collect();
        let came_back = |change: &Change| matches!(change, Change::SpotsReturned { .. });
        let returned = facts.iter().rev().filter(|fact| came_back(&fact.change)).take(100);
        let expected: Answer = returned
            .map(|fact| {
                let id = names(fact).allocation.unwrap();
                let of = &truth.allocations[&id];
                let seconds = (fact.at.millis_since(of.at) + 500) / 1_000;
                row([&fact.at.0, &of.buyer_id, &hex(id), &spots(fact), &of.left, &seconds])
            })
            .collect();
        assert_eq!(asked.about(event_id, &[], &columns).await, expected);
    }
}
