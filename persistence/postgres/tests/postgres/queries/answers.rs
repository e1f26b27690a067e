//! Whether the tables agree, how far they are, and who wrote them.

use std::path::Path;

use inventory_core::fact::SeatStatus;
use persistence_postgres::Database;
use persistence_postgres::recover::recover;

use super::asking::{Answer, Asking, row};
use super::truth::{EVENTS, Truth, hex};

const TOTALS: [&str; 5] =
    ["status", "by_seats_and_areas", "by_holds_and_allocations", "by_history", "agree"];

pub(super) async fn totals(asked: &mut Asking, truth: &Truth) {
    for event_id in EVENTS {
        let map = truth.map_now(event_id);
        let (seats, places) = (map.seat_counts(), map.place_counts());
        let expected: Answer = SeatStatus::ALL
            .iter()
            .map(|status| {
                let count = seats.get(*status) + places.get(*status);
                let is_owned = matches!(status, SeatStatus::Held | SeatStatus::Allocated);
                let owned = if is_owned { count.to_string() } else { "-".to_owned() };
                row([&status.name(), &count, &owned, &count, &true])
            })
            .collect();
        assert_eq!(asked.about(event_id, &[], &TOTALS).await, expected, "event {event_id}");
    }
    // What was changed by hand does not agree any more.
    for (change, disagree) in [
        (
            "UPDATE seats SET status = 'available' WHERE event_id = 1 AND seat =
                (SELECT min(seat) FROM seats WHERE event_id = 1 AND status = 'allocated')",
            [true, false, true, false],
        ),
        (
            "UPDATE allocations SET spots_left = spots_left + 1 WHERE allocation_id =
                (SELECT min(allocation_id::text)::uuid FROM allocations WHERE event_id = 1)",
            [false, false, true, false],
        ),
        (
            "UPDATE area_places SET held = held + 1 WHERE event_id = 1 AND (area, ticket_type) =
                (SELECT area, ticket_type FROM area_places WHERE event_id = 1 LIMIT 1)",
            [true, true, false, false],
        ),
    ] {
        asked.execute("BEGIN").await;
        assert_eq!(asked.execute(change).await, 1, "{change}");
        let answer = asked.about(EVENTS[0], &[], &TOTALS).await;
        let found: Vec<_> = answer.iter().map(|row| row[4] == "false").collect();
        asked.execute("ROLLBACK").await;
        assert_eq!(found, disagree, "{change}: {answer:?}");
    }
}

pub(super) async fn progress(asked: &mut Asking, truth: &Truth) {
    let columns = ["node", "epoch", "last_batch", "facts", "newest_fact_at"];
    let newest = truth.facts.iter().map(|fact| fact.at.0).max().unwrap();
    let expected = row([&hex(truth.node()), &1, &truth.last_batch, &truth.facts.len(), &newest]);
    assert_eq!(asked.ask(&[], &columns).await, [expected]);
}

/// Has the data recovered, in the middle of it.
pub(super) async fn takeovers(asked: &mut Asking, truth: &Truth, database: &Database, path: &Path) {
    let columns = ["from_node", "from_epoch", "to_node", "to_epoch", "facts"];
    assert_eq!(asked.ask(&[], &columns).await, Answer::new());
    let recovered = recover(database, path).await.unwrap();
    assert_eq!(recovered.facts(), truth.facts.len() as u64);
    let (from, to) = (hex(recovered.from.as_u128()), hex(recovered.node.as_u128()));
    assert_eq!(from, hex(truth.node()));
    let expected = row([&from, &1, &to, &recovered.epoch, &recovered.facts()]);
    assert_eq!(asked.ask(&[], &columns).await, [expected]);
}
