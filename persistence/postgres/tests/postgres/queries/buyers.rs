//! What buyers have, lost, and keep from others.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use inventory_core::fact::Change;
use inventory_core::ids::{EventId, SeatIndex};
use inventory_engine::past::Owner;

use super::asking::{Answer, Asking, or_dash, row, sorted};
use super::truth::{EVENTS, Truth, hex, moves, names, request};

fn now_millis() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
}

pub(super) async fn belongings(asked: &mut Asking, truth: &Truth) {
    let columns = ["what", "event_id", "id", "since", "until", "spots", "seats"];
    let maps = EVENTS.map(|event_id| truth.map_now(event_id));
    // The names of the seats that an owner has, in their order.
    let seats = |event_id: EventId, owner| {
        let map = maps.iter().find(|map| map.event.event_id == event_id).unwrap();
        let seats = map.event.chart.parts().seats.iter().zip(map.seats());
        let had = seats.filter(|(_, then)| then.owner == owner).map(|(seat, _)| &*seat.label);
        or_dash(Some(had.collect::<Vec<_>>().join(", ")).filter(|seats| !seats.is_empty()))
    };
    for buyer in truth.buyers() {
        let mut expected = Answer::new();
        let sold = truth.allocations.iter().filter(|(_, of)| of.buyer_id == buyer && of.left > 0);
        for (&id, of) in sold {
            let owner = Owner::Allocation(inventory_core::ids::AllocationId(id));
            let (event, seats) = (of.event_id.0.cast_signed(), seats(of.event_id, owner));
            expected.push(row([&"sold", &event, &hex(id), &of.at.0, &"-", &of.left, &seats]));
        }
        let held = truth.holds.iter().filter(|(_, of)| of.buyer_id == buyer && of.left > 0);
        for (&id, of) in held {
            let owner = Owner::Hold(inventory_core::ids::HoldId(id));
            let (event, seats) = (of.event_id.0.cast_signed(), seats(of.event_id, owner));
            let (since, until) = (of.placed_at.0, of.deadline.0);
            expected.push(row([&"held", &event, &hex(id), &since, &until, &of.left, &seats]));
        }
        let answer = asked.ask(&[("buyer", &buyer)], &columns).await;
        assert!(answer.is_sorted_by_key(|row| row[3].clone()), "in the order of time: {answer:?}");
        assert_eq!(sorted(answer), sorted(expected), "{buyer}");
    }
}

pub(super) async fn lost_seats(asked: &mut Asking, truth: &Truth) {
    let columns = ["at", "change", "hold_id", "deadline", "allocation_id", "request_id"];
    let event_id = EVENTS[0];
    let chart = truth.map_now(event_id).event.chart;
    let mut endings = BTreeSet::new();
    for (seat, label) in (0..).map(SeatIndex).zip(chart.parts().seats.iter().map(|of| &of.label)) {
        for buyer in truth.buyers() {
            // Holds of the buyer that had the seat, as they were placed.
            let placed = truth.facts_of(event_id).filter(|fact| {
                let is_theirs = matches!(&fact.change, Change::HoldPlaced { buyer_id, .. }
                    if buyer_id.as_str() == buyer);
                is_theirs && moves(fact, seat)
            });
            let holds: BTreeSet<_> = placed.map(|fact| names(fact).hold).collect();
            let expected: Answer = truth
                .facts_of(event_id)
                .filter(|fact| names(fact).hold.is_some() && holds.contains(&names(fact).hold))
                .filter(|fact| {
                    matches!(fact.change, Change::HoldExtended { .. }) || moves(fact, seat)
                })
                .map(|fact| {
                    endings.insert(fact.change.name());
                    let (of, request) = (names(fact), request(fact));
                    let (hold, allocation) = (of.hold.map(hex), of.allocation.map(hex));
                    row([
                        &fact.at.0,
                        &fact.change.name(),
                        &or_dash(hold),
                        &or_dash(of.deadline),
                        &or_dash(allocation),
                        &or_dash(request),
                    ])
                })
                .collect();
            let variables = [("buyer", buyer.as_str()), ("seat", label)];
            let answer = asked.about(event_id, &variables, &columns).await;
            assert_eq!(answer, expected, "{buyer}, {label}");
        }
    }
    let all = ["hold_allocated", "hold_expired", "hold_extended", "hold_placed", "hold_released"];
    assert_eq!(endings.into_iter().collect::<Vec<_>>(), all, "a sale with every ending");
}

pub(super) async fn seat_histories(asked: &mut Asking, truth: &Truth) {
    let columns =
        ["lsn", "at", "change", "buyer_id", "deadline", "hold_id", "allocation_id", "request_id"];
    for event_id in EVENTS {
        let chart = truth.map_now(event_id).event.chart;
        for (seat, of) in (0..).map(SeatIndex).zip(&chart.parts().seats) {
            let facts = truth.facts_of(event_id).filter(|fact| moves(fact, seat));
            let expected: Answer = facts
                .map(|fact| {
                    let of = names(fact);
                    let holder = of.hold.map(|id| &truth.holds[&id].buyer_id);
                    let owner = of.allocation.map(|id| &truth.allocations[&id].buyer_id);
                    row([
                        &fact.lsn,
                        &fact.at.0,
                        &fact.change.name(),
                        &or_dash(holder.or(owner)),
                        &or_dash(of.deadline),
                        &or_dash(of.hold.map(hex)),
                        &or_dash(of.allocation.map(hex)),
                        &or_dash(request(fact)),
                    ])
                })
                .collect();
            let answer = asked.about(event_id, &[("seat", &of.label)], &columns).await;
            assert_eq!(answer, expected, "{} of event {event_id}", of.label);
        }
    }
}

pub(super) async fn running_out(asked: &mut Asking, truth: &Truth) {
    let columns = ["hold_id", "buyer_id", "spots_left", "extensions", "deadline"];
    for (event_id, minutes) in
        EVENTS.into_iter().flat_map(|event| [0, 10, 20].map(|minutes| (event, minutes)))
    {
        // Deadlines are long past or minutes ahead, so that it does not matter when one asks.
        let end = now_millis() + minutes * 60_000;
        let live = truth.holds.iter().filter(|(_, of)| of.event_id == event_id && of.left > 0);
        let mut soon: Vec<_> = live.filter(|(_, of)| of.deadline.0 < end).collect();
        soon.sort_unstable_by_key(|(id, of)| (of.deadline, **id));
        let expected: Answer = soon
            .iter()
            .map(|(id, of)| {
                row([&hex(**id), &of.buyer_id, &of.left, &of.extensions, &of.deadline.0])
            })
            .collect();
        let minutes = minutes.to_string();
        let answer = asked.about(event_id, &[("minutes", &minutes)], &columns).await;
        assert_eq!(answer, expected, "{minutes} minutes");
    }
}

pub(super) async fn hoarders(asked: &mut Asking, truth: &Truth) {
    let columns = ["buyer_id", "holds", "extensions", "spots", "spot_seconds"];
    let event_id = EVENTS[2];
    let of_event = truth.holds.values().filter(|hold| hold.event_id == event_id);
    let bought: BTreeSet<_> = truth
        .allocations
        .values()
        .filter(|of| of.event_id == event_id)
        .map(|of| &of.buyer_id)
        .collect();
    let mut waiting: BTreeMap<_, Vec<_>> = BTreeMap::new();
    of_event
        .filter(|hold| !bought.contains(&hold.buyer_id))
        .for_each(|hold| waiting.entry(hold.buyer_id.clone()).or_default().push(hold));
    let answer = asked.about(event_id, &[], &columns).await;
    assert!(!waiting.is_empty() && waiting.len() <= 20, "{}", waiting.len());
    assert_eq!(answer.len(), waiting.len());
    let seconds = |row: &Vec<String>| row[4].parse::<u64>().unwrap();
    assert!(answer.is_sorted_by_key(|row| std::cmp::Reverse(seconds(row))), "{answer:?}");
    for found in &answer {
        let holds = &waiting[&found[0]];
        let sum = |of: fn(&super::truth::Hold) -> u64| holds.iter().map(|hold| of(hold)).sum();
        let (extensions, spots): (u64, u64) = (sum(|hold| hold.extensions), sum(|hold| hold.spots));
        assert_eq!(found[1..4], row([&holds.len(), &extensions, &spots]));
        // Those that live grow while one asks.
        let now = now_millis();
        let until = |hold: &&super::truth::Hold| hold.ended_at.map_or(now, |at| at.0);
        let lived = |hold| until(&hold) - hold.placed_at.0;
        let millis: u64 = holds.iter().map(|&hold| hold.spots * lived(hold)).sum();
        let is_over = holds.iter().all(|hold| hold.ended_at.is_some());
        let expected = (millis + 500) / 1_000;
        let slack = if is_over { 0 } else { 5 * spots };
        let range = expected.saturating_sub(slack)..=expected;
        assert!(range.contains(&seconds(found)), "{found:?}: {range:?}");
    }
}
