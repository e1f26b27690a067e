//! Seats and places: each is there, moves once, and was whose the fact says.

use super::*;

const NOTHING: &str = "nothing moves";
const NOBODY: &str = "no places of an area move";
const SEAT_TWICE: &str = "a seat is named twice";
const AREA_TWICE: &str = "an area is named twice";
const TABLE: &str = "a table that is sold as a whole is taken apart";

fn lines(lines: &[AreaPlaces]) -> Spots {
    Spots { areas: lines.to_vec(), ..Spots::default() }
}

#[test]
fn what_is_held_was_nobodys() {
    let mut story = Story::new();
    let held = story.place("ann", seats(&[1]));
    let why = format!("seat 1 was {:?}, not Nobody", Owner::Hold(held));
    story.refused(&why, story.placing("bob", seats(&[0, 1])));
    story.refused(&why, blocked(seats(&[1])));
    let sale = story.sell(held, "ann", seats(&[1]));
    let why = format!("seat 1 was {:?}, not Nobody", Owner::Sale(sale));
    story.refused(&why, story.placing("bob", seats(&[1])));
    story.refused(&why, blocked(seats(&[1])));
    story.done(blocked(seats(&[2])));
    story.refused("seat 2 was Organizer, not Nobody", story.placing("bob", seats(&[2])));
    story.refused("seat 2 was Organizer, not Nobody", blocked(seats(&[2])));
}

#[test]
fn what_is_unblocked_was_blocked() {
    let mut story = Story::new();
    story.refused("seat 4 was Nobody, not Organizer", unblocked(seats(&[4])));
    let hold = story.place("ann", seats(&[4]));
    let why = format!("seat 4 was {:?}, not Organizer", Owner::Hold(hold));
    story.refused(&why, unblocked(seats(&[4])));
    story.done(blocked(places(2)));
    story.refused("3 places of area 0 were Organizer's, of 2", unblocked(places(3)));
    story.done(unblocked(places(2)));
    story.refused("1 places of area 0 were Organizer's, of 0", unblocked(places(1)));
}

#[test]
fn an_area_has_no_more_places_than_it_has() {
    let mut story = Story::with(rules(), vec![ticket_type("adult"), ticket_type("child")]);
    let both = lines(&[line(0, Some(0), 2), line(0, Some(1), 2)]);
    story.place("ann", both.clone());
    let why = "4 places of area 0 were Nobody's, of 1";
    story.refused(why, story.placing("bob", both));
    story.refused("2 places of area 0 were Nobody's, of 1", blocked(places(2)));
    story.refused("4294967295 places of area 0 were Nobody's, of 1", blocked(places(u32::MAX)));
    story.done(blocked(places(1)));
    story.refused("1 places of area 0 were Nobody's, of 0", blocked(places(1)));
}

#[test]
fn what_moves_is_there_and_is_named_once() {
    let mut story = Story::new();
    let hold = story.place("ann", seats(&[1, 2]));
    let other = story.place("bob", seats(&[3]));
    let sale = story.sell(other, "bob", seats(&[3]));
    for (why, spots) in [
        (NOTHING, Spots::default()),
        (NOBODY, places(0)),
        (SEAT_TWICE, seats(&[4, 4])),
        (AREA_TWICE, lines(&[line(0, None, 1), line(0, None, 1)])),
        ("there is no seat 8", seats(&[8])),
        ("there is no area 1", lines(&[line(1, None, 1)])),
        (TABLE, seats(&[6])),
    ] {
        story.refused(why, story.placing("ann", spots.clone()));
        story.refused(why, blocked(spots.clone()));
        if why != TABLE {
            story.refused(why, unblocked(spots));
        }
    }
    for (why, spots) in [
        (NOTHING, Spots::default()),
        (NOBODY, Spots { areas: vec![line(0, None, 0)], ..seats(&[1]) }),
        (SEAT_TWICE, seats(&[1, 1])),
    ] {
        story.refused(why, released(hold, spots.clone()));
        story.refused(why, story.selling(hold, "ann", spots.clone()));
        story.refused(why, returned(sale, spots));
    }
}

#[test]
fn no_more_is_named_than_a_command_may_name() {
    let story = Story::new();
    let why = "it names more than a command may";
    let many: Vec<u32> = (0..65).collect();
    story.refused(why, story.placing("ann", seats(&many)));
    let many: Vec<u32> = (0..16_385).collect();
    story.refused(why, blocked(seats(&many)));
    let many: Vec<_> = (0..65).map(|area| line(area, None, 1)).collect();
    story.refused(why, story.placing("ann", lines(&many)));
}

#[test]
fn a_part_is_part_of_what_somebody_has() {
    let mut story = Story::with(rules(), vec![ticket_type("adult"), ticket_type("child")]);
    let has = Spots { areas: vec![line(0, Some(0), 2)], ..typed(seats(&[1]), 0) };
    let hold = story.place("ann", has.clone());
    let sold = story.place("bob", typed(seats(&[2]), 0));
    let sale = story.sell(sold, "bob", typed(seats(&[2]), 0));
    for (why, spots) in [
        ("seat 2 as ticket type 0 is not among what it has", typed(seats(&[2]), 0)),
        ("seat 1 as ticket type 1 is not among what it has", typed(seats(&[1]), 1)),
        ("seat 1 is not among what it has", seats(&[1])),
        ("3 places of area 0 leave, and it has 2", typed(places(3), 0)),
        ("1 places of area 0 leave, and it has 0", typed(places(1), 1)),
        ("1 places of area 0 leave, and it has 0", places(1)),
        (AREA_TWICE, lines(&[line(0, Some(0), 2), line(0, Some(0), 2)])),
    ] {
        story.refused(why, released(hold, spots.clone()));
        story.refused(why, story.selling(hold, "ann", spots));
    }
    story.done(released(hold, typed(places(1), 0)));
    let why = "2 places of area 0 leave, and it has 1";
    story.refused(why, released(hold, typed(places(2), 0)));
    let why = "seat 1 as ticket type 0 is not among what it has";
    story.refused(why, returned(sale, typed(seats(&[1]), 0)));
    story.done(released(hold, Spots { areas: vec![line(0, Some(0), 1)], ..has }));
}

#[test]
fn only_what_is_sold_comes_back() {
    let mut story = Story::new();
    let hold = story.place("ann", seats(&[1, 2]));
    let none = "the event has no such allocation";
    story.refused(none, returned(AllocationId(hold.0), seats(&[1])));
    let sale = story.sell(hold, "ann", seats(&[1]));
    story.refused("seat 2 is not among what it has", returned(sale, seats(&[2])));
    story.done(returned(sale, seats(&[1])));
    story.refused(none, returned(sale, seats(&[1])));
}

#[test]
fn a_table_moves_as_a_whole() {
    let mut story = Story::new();
    let hold = story.place("ann", seats(&[7, 1, 6]));
    story.refused(TABLE, released(hold, seats(&[6])));
    story.refused(TABLE, story.selling(hold, "ann", seats(&[7, 1])));
    let sale = story.sell(hold, "ann", seats(&[6, 7]));
    story.refused(TABLE, returned(sale, seats(&[6])));
    story.done(returned(sale, seats(&[7, 6])));
    story.done(blocked(seats(&[6, 7])));
    story.refused(TABLE, unblocked(seats(&[7])));
}
