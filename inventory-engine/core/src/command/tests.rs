//! Fingerprints are stored with every accepted request: they never change, and they differ
//! wherever what is asked for differs.

use super::*;
use crate::ids::{Lsn, RequestId};
use crate::time::Timestamp;

const UUID: u128 = 0x0190_0000_0000_7000_8000_0000_0000_0001;

fn request_id() -> RequestId {
    RequestId::new(UUID).unwrap()
}

fn buyer(name: &str) -> BuyerId {
    BuyerId::new(name).unwrap()
}

fn hold(lsn: u64) -> HoldId {
    HoldId::new(ShardId(3), Lsn(lsn), request_id())
}

fn sale(lsn: u64) -> AllocationId {
    AllocationId::new(ShardId(3), Lsn(lsn), request_id())
}

fn seats(numbers: &[u32]) -> Vec<SeatIndex> {
    numbers.iter().copied().map(SeatIndex).collect()
}

fn create(event_id: u64, name: &str, chart: u8, rules: EventRules) -> Verb {
    let (event_id, chart) = (EventId(event_id), ChartHash([chart; 32]));
    Verb::CreateEvent(CreateEvent { event_id, name: name.into(), chart, rules })
}

fn place(event_id: u64, name: &str, selection: Selection) -> Verb {
    Verb::Place(Place { event_id: EventId(event_id), buyer_id: buyer(name), selection })
}

fn best(quantity: u32, section: Option<u32>, category: Option<u32>, accessible: bool) -> Selection {
    let (section, category) = (section.map(SectionIndex), category.map(CategoryIndex));
    Selection::BestAvailable(BestAvailable { quantity, section, category, accessible })
}

fn release(lsn: u64, name: &str, part: Part) -> Verb {
    Verb::Release(Release { hold_id: hold(lsn), buyer_id: buyer(name), part })
}

fn allocate(lsn: u64, name: &str, part: Part) -> Verb {
    Verb::Allocate(Allocate { hold_id: hold(lsn), buyer_id: buyer(name), part })
}

fn give_back(lsn: u64, name: &str, part: Part) -> Verb {
    Verb::Return(Return { allocation_id: sale(lsn), buyer_id: buyer(name), part })
}

fn extend(lsn: u64, name: &str) -> Verb {
    Verb::Extend(Extend { hold_id: hold(lsn), buyer_id: buyer(name) })
}

fn block(event_id: u64, numbers: &[u32]) -> Verb {
    Verb::Block(Block { event_id: EventId(event_id), seats: seats(numbers) })
}

fn unblock(event_id: u64, numbers: &[u32]) -> Verb {
    Verb::Unblock(Unblock { event_id: EventId(event_id), seats: seats(numbers) })
}

fn fingerprint(verb: Verb) -> u64 {
    Command { request_id: request_id(), verb }.fingerprint()
}

#[test]
fn fingerprints_never_change() {
    let rules = EventRules {
        buyer_seats_max: Some(8),
        sale_opens_at: Some(Timestamp(1_000)),
        ..EventRules::default()
    };
    let part = || Part::Seats(seats(&[1, 2]));
    let golden = [
        (create(1, "show", 7, rules), 0xf346_8340_2537_c66a),
        (place(1, "ann", Selection::Seats(seats(&[1, 2]))), 0x7981_5663_c6ba_9d03),
        (place(1, "ann", best(2, Some(1), None, false)), 0xc3d8_d9df_66c3_6894),
        (extend(9, "ann"), 0x1d9a_34ae_27cf_c2c0),
        (release(9, "ann", Part::Whole), 0xfa6b_c070_7c28_1130),
        (allocate(9, "ann", part()), 0x3de7_722f_c9d1_c94d),
        (give_back(9, "ann", part()), 0x90f6_3107_a9fa_245f),
        (block(1, &[1, 2]), 0x019f_2737_09ce_e9b2),
        (unblock(1, &[1, 2]), 0xc364_c0d0_33b6_9862),
    ];
    for (verb, expected) in golden {
        let print = fingerprint(verb.clone());
        assert_eq!(print, expected, "{print:#018x} is the fingerprint of {verb:?}");
    }
}

#[test]
fn fingerprints_differ_in_every_field() {
    let rules = EventRules::default();
    let of_rules = |change: fn(&mut EventRules)| {
        let mut rules = rules;
        change(&mut rules);
        create(1, "show", 7, rules)
    };
    let part = |numbers: &[u32]| Part::Seats(seats(numbers));
    let mut verbs = vec![
        create(1, "show", 7, rules),
        create(2, "show", 7, rules),
        create(1, "shows", 7, rules),
        create(1, "show", 8, rules),
        of_rules(|rules| rules.hold_ttl_millis += 1),
        of_rules(|rules| rules.extensions_max += 1),
        of_rules(|rules| rules.buyer_seats_max = Some(1)),
        of_rules(|rules| rules.sale_opens_at = Some(Timestamp(1))),
        of_rules(|rules| rules.sale_closes_at = Some(Timestamp(1))),
        place(1, "ann", best(1, None, None, false)),
        place(1, "ann", best(2, None, None, false)),
        place(1, "ann", best(1, Some(0), None, false)),
        place(1, "ann", best(1, None, Some(0), false)),
        place(1, "ann", best(1, None, None, true)),
        place(2, "ann", best(1, None, None, false)),
        place(1, "bob", best(1, None, None, false)),
        extend(1, "ann"),
        extend(2, "ann"),
        extend(1, "bob"),
    ];
    // Every verb that names seats, with each of these.
    for numbers in [&[][..], &[1], &[2], &[1, 2], &[2, 1], &[1, 2, 0]] {
        verbs.push(place(1, "ann", Selection::Seats(seats(numbers))));
        verbs.push(block(1, numbers));
        verbs.push(unblock(1, numbers));
        verbs.push(release(1, "ann", part(numbers)));
        verbs.push(allocate(1, "ann", part(numbers)));
        verbs.push(give_back(1, "ann", part(numbers)));
    }
    verbs.extend([block(2, &[1]), unblock(2, &[1])]);
    for verb in [release, allocate, give_back] {
        let others = [(1, "ann"), (2, "ann"), (1, "bob")];
        verbs.extend(others.map(|(lsn, name)| verb(lsn, name, Part::Whole)));
    }
    let many = verbs.len();
    let mut prints: Vec<u64> = verbs.into_iter().map(fingerprint).collect();
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), many);
}

#[test]
fn a_command_goes_to_the_shard_of_what_it_is_about() {
    let shard = |verb| Command { request_id: request_id(), verb }.shard();
    for verb in [extend(9, "ann"), release(9, "ann", Part::Whole), allocate(9, "ann", Part::Whole)]
    {
        assert_eq!(shard(verb), ShardId(3));
    }
    assert_eq!(shard(give_back(9, "ann", Part::Whole)), ShardId(3));
    let of_event = EventId(7).shard();
    assert_eq!(shard(create(7, "show", 7, EventRules::default())), of_event);
    assert_eq!(shard(place(7, "ann", best(1, None, None, false))), of_event);
    assert_eq!(shard(block(7, &[1])), of_event);
    assert_eq!(shard(unblock(7, &[1])), of_event);
}
