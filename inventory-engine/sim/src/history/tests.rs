//! Histories that cannot have happened are told, each for its own reason.

use inventory_core::fact::RequestMark;
use inventory_core::ids::ChartHash;
use inventory_core::rules::EventRules;

use super::*;

const EVENT: EventId = EventId(1);

fn hold(number: u128) -> HoldId {
    HoldId(number)
}

fn buyer(name: &str) -> BuyerId {
    BuyerId::new(name).expect("a name")
}

fn seats(seats: &[u32]) -> Spots {
    Spots::of_seats(seats.iter().copied().map(SeatIndex))
}

fn placed(number: u128, wanted: &[u32], deadline: u64) -> Change {
    let deadline = Timestamp(deadline);
    Change::HoldPlaced {
        hold_id: hold(number),
        buyer_id: buyer("ann"),
        spots: seats(wanted),
        deadline,
    }
}

fn sold(number: u128, who: &str, wanted: &[u32]) -> Change {
    Change::HoldAllocated {
        hold_id: hold(number),
        allocation_id: AllocationId(number),
        buyer_id: buyer(who),
        spots: seats(wanted),
    }
}

fn released(number: u128, wanted: &[u32]) -> Change {
    Change::HoldReleased { hold_id: hold(number), spots: seats(wanted) }
}

fn expired(number: u128, wanted: &[u32]) -> Change {
    Change::HoldExpired { hold_id: hold(number), spots: seats(wanted) }
}

/// What is said of changes at these times, behind an event that is created at time 1.
fn said_of(changes: Vec<(u64, Change)>) -> Result<(), String> {
    let created = Change::EventCreated {
        name: "show".into(),
        chart: ChartHash([1; 32]),
        rules: EventRules::default(),
        ticket_types: Vec::new(),
    };
    let mut history = History::default();
    for (lsn, (at, change)) in (1..).zip(std::iter::once((1, created)).chain(changes)) {
        let (lsn, at) = (Lsn(lsn), Timestamp(at));
        history.read(&Fact { lsn, at, event_id: EVENT, request: None, change })?;
    }
    Ok(())
}

#[track_caller]
fn check(expected: &str, changes: Vec<(u64, Change)>) {
    let said = said_of(changes).expect_err("it cannot have happened");
    assert!(said.contains(expected), "{said}");
}

#[test]
fn a_sale_as_it_should_be_is_believed() {
    let returned = Change::SpotsReturned { allocation_id: AllocationId(1), spots: seats(&[1]) };
    let told = said_of(vec![
        (2, placed(1, &[1, 2], 10)),
        (3, sold(1, "ann", &[1])),
        (4, released(1, &[2])),
        (5, placed(2, &[2, 3], 10)),
        (10, expired(2, &[2, 3])),
        (10, Change::SpotsBlocked { spots: seats(&[2]) }),
        (11, returned),
        (11, placed(3, &[1], 20)),
    ]);
    assert_eq!(told, Ok(()));
}

#[test]
fn what_cannot_have_happened_is_told() {
    let first = || (2, placed(1, &[1, 2], 10));
    check("seat 2 is Some(Hold", vec![first(), (3, placed(2, &[2, 3], 10))]);
    check("seat 1 is Some(Sold", vec![first(), (3, sold(1, "ann", &[1])), (4, placed(2, &[1], 9))]);
    check("the hold is somebody else's", vec![first(), (3, sold(1, "bob", &[1]))]);
    check("its deadline has passed", vec![first(), (10, sold(1, "ann", &[1]))]);
    check("its deadline has passed", vec![first(), (10, released(1, &[1]))]);
    check("it is not over yet", vec![first(), (9, expired(1, &[1, 2]))]);
    check("not all of it ends", vec![first(), (10, expired(1, &[1]))]);
    check("the hold does not have the seat", vec![first(), (3, released(1, &[3]))]);
    check("there is no such hold", vec![first(), (3, released(2, &[1]))]);
    check("it is before the one in front of it", vec![first(), (1, placed(2, &[3], 10))]);
    check("it is over before it begins", vec![(2, placed(1, &[1], 2))]);
    check("seat 4 is None", vec![first(), (3, Change::SpotsUnblocked { spots: seats(&[4]) })]);
}

#[test]
fn places_in_history_and_requests_come_once() {
    let id = RequestId::new(7 << 76 | 0b10 << 62).expect("an id");
    let request = Some(RequestMark { id, fingerprint: 1 });
    let fact = |lsn, request| Fact {
        lsn: Lsn(lsn),
        at: Timestamp(1),
        event_id: EVENT,
        request,
        change: Change::EventClosed,
    };
    let mut history = History::default();
    history.events.insert(EVENT);
    assert!(history.read(&fact(2, None)).is_err_and(|why| why.contains("it is not the next")));
    assert_eq!(history.read(&fact(1, request)), Ok(()));
    let twice = history.read(&fact(2, request));
    assert!(twice.is_err_and(|why| why.contains("its request was done before")));
}
