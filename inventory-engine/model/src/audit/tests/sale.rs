//! The rules of the sale: when, as what, and how many.

use super::*;

#[test]
fn nothing_is_held_outside_of_the_sale() {
    let sale_opens_at = Some(Timestamp(1_010));
    let sale_closes_at = Some(Timestamp(1_020));
    let rules = EventRules { sale_opens_at, sale_closes_at, ..rules() };
    let mut story = Story::with(rules, Vec::new());
    let why = "the sale is not open";
    story.at = 1_009;
    story.refused(why, story.placing("ann", seats(&[1])));
    story.at = 1_010;
    story.place("ann", seats(&[1]));
    story.at = 1_020;
    story.refused(why, story.placing("ann", seats(&[2])));
    story.at = 1_019;
    story.place("ann", seats(&[2]));
    story.done(Change::EventClosed);
    story.refused("the event is closed", story.placing("ann", seats(&[3])));
}

#[test]
fn nothing_is_held_as_a_ticket_type_that_is_not_on_sale() {
    let sale_opens_at = Some(Timestamp(1_010));
    let sale_closes_at = Some(Timestamp(1_020));
    let early = TicketType { sale_opens_at, sale_closes_at, ..ticket_type("early") };
    let mut story = Story::with(rules(), vec![ticket_type("adult"), early]);
    let why = "a ticket type is not on sale";
    for at in [1_009, 1_020] {
        story.at = at;
        story.refused(why, story.placing("ann", typed(seats(&[1]), 1)));
        story.refused(why, story.placing("ann", typed(places(1), 1)));
    }
    story.at = 1_019;
    story.place("ann", typed(seats(&[1]), 1));
}

#[test]
fn everything_is_sold_as_what_it_is() {
    let categories = vec![CategoryIndex(1)];
    let silver = TicketType { categories, ..ticket_type("silver") };
    let mut story = Story::with(rules(), vec![ticket_type("adult"), silver]);
    let why = "something is sold as nothing";
    story.refused(why, story.placing("ann", seats(&[1])));
    story.refused(why, story.placing("ann", places(1)));
    let why = "there is no such ticket type";
    story.refused(why, story.placing("ann", typed(seats(&[1]), 2)));
    story.refused(why, story.placing("ann", typed(places(1), 2)));
    let why = "something is sold as what it is not";
    story.refused(why, story.placing("ann", typed(seats(&[4, 5]), 1)));
    story.refused(why, story.placing("ann", typed(places(1), 1)));
    story.place("ann", typed(seats(&[5]), 1));
    let why = "what is blocked is sold as something";
    story.refused(why, blocked(typed(seats(&[1]), 0)));
    story.refused(why, unblocked(typed(places(1), 0)));
    let untyped = Story::new();
    let why = "there is no such ticket type";
    untyped.refused(why, untyped.placing("ann", typed(seats(&[1]), 0)));
}

#[test]
fn a_buyer_has_no_more_than_the_limit() {
    let mut story = Story::new();
    let five = "the buyer will have 5 spots, of at most 4";
    story.refused(five, story.placing("ann", places(5)));
    let hold = story.place("ann", seats(&[1, 2]));
    story.refused(five, story.placing("ann", places(3)));
    let sale = story.sell(hold, "ann", seats(&[1]));
    story.refused(five, story.placing("ann", places(3)));
    story.place("bob", places(3));
    story.done(returned(sale, seats(&[1])));
    story.done(released(hold, seats(&[2])));
    story.refused(five, story.placing("bob", seats(&[1, 2])));
    story.place("ann", seats(&[1, 2, 3, 4]));
}

#[test]
fn no_more_goes_as_a_ticket_type_than_its_quota() {
    let child = TicketType { quota: Some(3), ..ticket_type("child") };
    let mut story = Story::with(rules(), vec![ticket_type("adult"), child]);
    story.refused(
        "4 go as ticket type 1, of 3 in its quota",
        story
            .placing("ann", Spots { areas: vec![line(0, Some(1), 2)], ..typed(seats(&[1, 2]), 1) }),
    );
    let hold = story.place("ann", typed(places(2), 1));
    let two = "2 go as ticket type 1, of 1 in its quota";
    story.refused(two, story.placing("bob", typed(seats(&[1, 2]), 1)));
    let sale = story.sell(hold, "ann", typed(places(1), 1));
    story.refused(two, story.placing("bob", typed(seats(&[1, 2]), 1)));
    story.done(returned(sale, typed(places(1), 1)));
    story.place("bob", typed(seats(&[1, 2]), 1));
}
