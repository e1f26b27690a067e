//! Events as they were, by SQL and by a replay of the journal.

use std::collections::BTreeMap;

use inventory_core::ids::AreaIndex;
use inventory_core::time::Timestamp;
use inventory_engine::past::{Owner, Until};
use persistence_postgres::Database;
use persistence_postgres::past::seat_map;

use super::asking::{Answer, Asking, or_dash, row, sorted};
use super::truth::{EVENTS, Truth, hex, moments};

/// A moment as it is put into a question.
fn text(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0.cast_signed()).unwrap().to_string()
}

pub(super) async fn seats(asked: &mut Asking, truth: &Truth) {
    for event_id in EVENTS {
        for (at, _) in moments(truth, event_id) {
            let map = truth.map(event_id, Until::At(at));
            let seats = map.event.chart.parts().seats.iter().zip(map.seats());
            let expected: Answer = seats
                .map(|(seat, then)| {
                    let owner = match then.owner {
                        Owner::Nobody => None,
                        Owner::Hold(id) => Some(hex(id.0)),
                        Owner::Allocation(id) => Some(hex(id.0)),
                    };
                    row([&seat.label, &then.status.name(), &or_dash(owner)])
                })
                .collect();
            let variables = [("moment", text(at))];
            let variables = [(variables[0].0, variables[0].1.as_str())];
            let answer = asked.about(event_id, &variables, &["label", "status", "owner"]).await;
            assert_eq!(answer, expected, "event {event_id} at {at}");
        }
    }
}

pub(super) async fn areas(asked: &mut Asking, truth: &Truth) {
    let columns = ["label", "ticket_type", "held", "allocated", "blocked"];
    for event_id in EVENTS {
        for (at, _) in moments(truth, event_id) {
            let map = truth.map(event_id, Until::At(at));
            let mut expected = Answer::new();
            for (index, area) in (0..).map(AreaIndex).zip(&map.event.chart.parts().areas) {
                expected.extend(map.places(index).map(|(of, places)| {
                    let key = or_dash(of.map(|of| map.ticket_type(of)));
                    row([&area.label, &key, &places.held, &places.allocated, &places.blocked])
                }));
            }
            let moment = text(at);
            let answer = asked.about(event_id, &[("moment", &moment)], &columns).await;
            // What came and went has rows of zeros.
            let left = answer.into_iter().filter(|row| row[2..] != ["0", "0", "0"]).collect();
            assert_eq!(sorted(left), sorted(expected), "event {event_id} at {at}");
        }
    }
}

/// What Postgres' history shows of every event is what the journal shows, at any moment.
pub(super) async fn maps(database: &Database, truth: &Truth) {
    for event_id in EVENTS {
        for (at, lsn) in moments(truth, event_id) {
            for until in [Until::At(at), Until::Through(lsn), Until::End] {
                let found = seat_map(database, event_id, until).await.unwrap();
                let expected = truth.map(event_id, until);
                assert_eq!(found.seats(), expected.seats(), "event {event_id} {until:?}");
                assert_eq!((found.lsn, found.at), (expected.lsn, expected.at));
                assert_eq!(found.event.name, expected.event.name);
                assert_eq!(found.event.ticket_types, expected.event.ticket_types);
                assert_eq!(found.closed_at, expected.closed_at);
                for area in (0..expected.event.chart.parts().areas.len() as u32).map(AreaIndex) {
                    let [found, expected] =
                        [&found, &expected].map(|map| map.places(area).collect::<BTreeMap<_, _>>());
                    assert_eq!(found, expected, "event {event_id} {until:?}");
                }
            }
        }
    }
}
