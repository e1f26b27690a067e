//! Holds: by whom they are used, until when, and how they end.

use super::*;

#[test]
fn a_hold_and_a_sale_are_named_by_their_facts() {
    let mut story = Story::new();
    let deadline = Timestamp(story.at + TTL);
    let (hold_id, buyer_id, spots) = (nobodys_hold(), buyer_id("ann"), seats(&[1]));
    let placed = Change::HoldPlaced { hold_id, buyer_id: buyer_id.clone(), spots, deadline };
    story.refused("the hold is not named by its fact", placed);
    let hold_id = story.place("ann", seats(&[1]));
    let (allocation_id, spots) = (AllocationId(1), seats(&[1]));
    let sold = Change::HoldAllocated { hold_id, allocation_id, buyer_id, spots };
    story.refused("the allocation is not named by its fact", sold);
}

#[test]
fn a_hold_lasts_as_long_as_the_event_says() {
    let story = Story::new();
    let until = |millis: u64| {
        let mut placed = story.placing("ann", seats(&[1]));
        if let Change::HoldPlaced { deadline, .. } = &mut placed {
            *deadline = Timestamp(millis);
        }
        placed
    };
    story.refused("it is over before it begins", until(story.at));
    story.refused("it does not end a full hold time from now", until(story.at + TTL - 1));
    story.refused("it does not end a full hold time from now", until(story.at + TTL + 1));
}

#[test]
fn only_a_hold_that_lives_is_used() {
    let mut story = Story::new();
    let one = || seats(&[1]);
    let hold = story.place("ann", one());
    let none = "the event has no such hold";
    story.refused(none, released(nobodys_hold(), one()));
    story.refused(none, extended(nobodys_hold(), story.at + TTL));
    story.refused(none, story.selling(nobodys_hold(), "ann", one()));
    story.refused(none, expired(nobodys_hold(), one()));
    story.at += TTL;
    let over = "its deadline has passed";
    story.refused(over, released(hold, one()));
    story.refused(over, extended(hold, story.at + TTL));
    story.refused(over, story.selling(hold, "ann", one()));
    story.done(expired(hold, one()));
    story.refused(none, released(hold, one()));
    story.refused(none, expired(hold, one()));
    let sold = story.place("ann", one());
    story.sell(sold, "ann", one());
    story.refused(none, released(sold, one()));
}

#[test]
fn a_hold_of_another_event_is_none_of_this_one() {
    let mut story = Story::new();
    let hold = story.place("ann", seats(&[1]));
    let other = (2..).map(EventId).find(|event| event.shard() == EVENT.shard());
    let other = other.unwrap();
    let second = Fact { event_id: other, ..story.fact(created(rules(), Vec::new())) };
    assert_eq!(story.model.apply(&second), Ok(()));
    let sold = story.selling(hold, "ann", seats(&[1]));
    let released = released(hold, seats(&[1]));
    for change in [sold, released, extended(hold, story.at + TTL)] {
        let elsewhere = Fact { event_id: other, ..story.fact(change) };
        story.refused_fact("the event has no such hold", &elsewhere);
    }
}

#[test]
fn a_hold_is_sold_to_its_buyer() {
    let mut story = Story::new();
    let hold = story.place("ann", seats(&[1]));
    let sold = story.selling(hold, "bob", seats(&[1]));
    story.refused("the hold is somebody else's", sold);
}

#[test]
fn a_hold_is_extended_as_often_as_it_may_be_and_never_shortened() {
    let mut story = Story::new();
    let hold = story.place("ann", seats(&[1]));
    let deadline = story.at + TTL;
    story.at += 10;
    story.refused("it shortens the hold", extended(hold, deadline - 1));
    let wrong = "it does not end a full hold time from now";
    story.refused(wrong, extended(hold, deadline));
    story.refused(wrong, extended(hold, story.at + TTL - 1));
    story.refused(wrong, extended(hold, story.at + TTL + 1));
    story.done(extended(hold, story.at + TTL));
    let often = "it was extended as often as it may be";
    story.refused(often, extended(hold, story.at + TTL));
    let other = story.place("ann", seats(&[2]));
    story.done(Change::EventClosed);
    story.refused("the event is closed", extended(other, story.at + TTL));
}

#[test]
fn a_hold_expires_when_its_time_has_come_with_all_that_it_has() {
    let mut story = Story::new();
    let two = || seats(&[1, 2]);
    let hold = story.place("ann", two());
    story.at += TTL - 1;
    story.refused("it is not over yet", expired(hold, two()));
    story.at += 1;
    let wrong = "what ends is not what it has";
    story.refused(wrong, expired(hold, seats(&[1])));
    story.refused(wrong, expired(hold, seats(&[1, 2, 3])));
    story.refused(wrong, expired(hold, seats(&[1, 3])));
    story.refused(wrong, expired(hold, places(2)));
    story.done(expired(hold, two()));
}

#[test]
fn holds_expire_in_the_order_of_their_deadlines_and_then_of_their_ids() {
    let mut story = Story::new();
    let first = story.place("ann", seats(&[1]));
    let second = story.place("ann", seats(&[2]));
    story.at += 1;
    let third = story.place("ann", seats(&[3]));
    story.done(extended(first, story.at + TTL));
    story.at += TTL;
    let early = "another hold was over before it";
    story.refused(early, expired(first, seats(&[1])));
    story.refused(early, expired(third, seats(&[3])));
    let due = story.model.due(Timestamp(story.at), 2);
    story.done(expired(second, seats(&[2])));
    story.refused(early, expired(third, seats(&[3])));
    story.done(expired(first, seats(&[1])));
    assert_eq!(due, story.facts[5..]);
    story.done(expired(third, seats(&[3])));
    assert_eq!(story.model.due(Timestamp(u64::MAX), 1), []);
}
