//! Stories of seat 1, told from facts that are not all about it.

use std::convert::Infallible;

use inventory_core::fact::RequestMark;
use inventory_core::ids::{EventId, ShardId};
use inventory_core::spots::SeatSpot;

use super::*;

const SEAT: SeatIndex = SeatIndex(1);

fn request_id(lsn: u64) -> RequestId {
    let bits = 0x0190_0000_0000_7000_8000_0000_0000_0000 | u128::from(lsn);
    RequestId::new(bits).expect("a version 7 id")
}

fn hold(lsn: u64) -> HoldId {
    HoldId::new(ShardId(3), Lsn(lsn), request_id(lsn))
}

fn allocation(lsn: u64) -> AllocationId {
    AllocationId::new(ShardId(3), Lsn(lsn), request_id(lsn))
}

fn ann() -> BuyerId {
    BuyerId::new("ann").expect("a short name")
}

/// Seats as ticket type 2.
fn spots(seats: &[u32]) -> Spots {
    let typed = |&seat| SeatSpot { seat: SeatIndex(seat), ticket_type: Some(TicketTypeIndex(2)) };
    Spots { seats: seats.iter().map(typed).collect(), areas: Vec::new() }
}

fn placed(lsn: u64, seats: &[u32]) -> Change {
    let (hold_id, deadline) = (hold(lsn), Timestamp(900 + lsn));
    Change::HoldPlaced { hold_id, buyer_id: ann(), spots: spots(seats), deadline }
}

/// Tells the story of changes, each as `cause>state buyer`, where a `!` is no request's.
fn check(changes: Vec<Change>, moments_max: usize, expected: &str) {
    let facts = (1..).zip(changes).map(|(lsn, change)| {
        let asked = !matches!(change, Change::HoldExpired { .. });
        let request = asked.then(|| RequestMark { id: request_id(lsn), fingerprint: 0 });
        let (lsn, at) = (Lsn(lsn), Timestamp(lsn));
        Ok::<_, Infallible>(Arc::new(Fact { lsn, at, event_id: EventId(1), request, change }))
    });
    let story = tell(facts, SEAT, moments_max).unwrap_or_else(|never| match never {});
    let told = story.moments.iter().map(|moment| {
        let request = if moment.request_id.is_some() { "" } else { "!" };
        let owner = moment.buyer_id.as_ref().map_or("nobody", BuyerId::as_str);
        let (lsn, cause, became) = (moment.lsn, moment.cause, moment.became.name());
        format!("{lsn}{request} {cause:?}>{became} {owner}")
    });
    let told: Vec<String> = told.collect();
    let cut = if story.is_cut { "... " } else { "" };
    assert_eq!(format!("{cut}{}", told.join(", ")), expected);
}

#[test]
fn a_seat_is_held_lost_sold_and_returned() {
    let changes = vec![
        Change::EventClosed,
        placed(2, &[0, 1]),
        Change::HoldExtended { hold_id: hold(2), deadline: Timestamp(2_000) },
        placed(4, &[2]),
        Change::HoldExtended { hold_id: hold(4), deadline: Timestamp(2_000) },
        Change::HoldReleased { hold_id: hold(2), spots: spots(&[0]) },
        Change::HoldExpired { hold_id: hold(2), spots: spots(&[1]) },
        Change::HoldExtended { hold_id: hold(2), deadline: Timestamp(3_000) },
        Change::SpotsBlocked { spots: Spots::of_seats([SEAT]) },
        Change::SpotsUnblocked { spots: Spots::of_seats([SEAT]) },
        placed(11, &[1]),
        Change::HoldAllocated {
            hold_id: hold(11),
            allocation_id: allocation(12),
            buyer_id: ann(),
            spots: spots(&[1]),
        },
        Change::SpotsReturned { allocation_id: allocation(12), spots: spots(&[1]) },
    ];
    check(
        changes.clone(),
        100,
        "2 HoldPlaced>held ann, 3 HoldExtended>held ann, 7! HoldExpired>available ann, \
         9 Blocked>blocked nobody, 10 Unblocked>available nobody, 11 HoldPlaced>held ann, \
         12 Allocated>allocated ann, 13 Returned>available ann",
    );
    check(changes, 2, "... 12 Allocated>allocated ann, 13 Returned>available ann");
}

#[test]
fn what_began_before_the_history_says_so() {
    let returned = Change::SpotsReturned { allocation_id: allocation(9), spots: spots(&[1]) };
    check(vec![returned], 10, "1 Returned>available nobody");
    check(vec![Change::EventClosed], 10, "");
}
