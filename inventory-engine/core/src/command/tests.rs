//! Fingerprints are stored with every accepted request: they never change, and they differ
//! wherever what is asked for differs.

use super::*;
use crate::ids::{AreaIndex, Lsn, RequestId};
use crate::spots::SeatSpot;
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
    create_with(event_id, name, chart, (rules, Vec::new()))
}

fn create_with(
    event_id: u64,
    name: &str,
    chart: u8,
    (rules, ticket_types): (EventRules, Vec<TicketType>),
) -> Verb {
    let (event_id, chart) = (EventId(event_id), ChartHash([chart; 32]));
    Verb::CreateEvent(CreateEvent { event_id, name: name.into(), chart, rules, ticket_types })
}

fn ticket_type(key: &str) -> TicketType {
    TicketType {
        key: key.into(),
        quota: None,
        sale_opens_at: None,
        sale_closes_at: None,
        categories: Vec::new(),
    }
}

fn close(event_id: u64) -> Verb {
    Verb::CloseEvent(CloseEvent { event_id: EventId(event_id) })
}

fn place(event_id: u64, name: &str, selection: Selection) -> Verb {
    Verb::Place(Place { event_id: EventId(event_id), buyer_id: buyer(name), selection })
}

fn best(quantity: u32, change: fn(&mut BestAvailable)) -> Selection {
    let mut wish = BestAvailable { quantity, ..BestAvailable::default() };
    change(&mut wish);
    Selection::BestAvailable(wish)
}

/// Seats without a ticket type.
fn plain(numbers: &[u32]) -> Spots {
    Spots::of_seats(seats(numbers))
}

/// Seats with a ticket type, and places: area, ticket type, how many.
fn typed(numbers: &[u32], ticket_type: u16, areas: &[(u32, Option<u16>, u32)]) -> Spots {
    let ticket_type = Some(TicketTypeIndex(ticket_type));
    let seats = seats(numbers).into_iter().map(|seat| SeatSpot { seat, ticket_type });
    Spots { seats: seats.collect(), areas: places(areas) }
}

fn places(areas: &[(u32, Option<u16>, u32)]) -> Vec<AreaPlaces> {
    let areas = areas.iter().map(|&(area, ticket_type, count)| AreaPlaces {
        area: AreaIndex(area),
        ticket_type: ticket_type.map(TicketTypeIndex),
        count,
    });
    areas.collect()
}

fn part(numbers: &[u32], areas: &[(u32, Option<u16>, u32)]) -> Part {
    Part::Spots { seats: seats(numbers), areas: places(areas) }
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

fn block(event_id: u64, spots: Spots) -> Verb {
    Verb::Block(Block { event_id: EventId(event_id), spots })
}

fn unblock(event_id: u64, spots: Spots) -> Verb {
    Verb::Unblock(Unblock { event_id: EventId(event_id), spots })
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
    let child = TicketType {
        quota: Some(50),
        sale_closes_at: Some(Timestamp(9_000)),
        categories: vec![CategoryIndex(1), CategoryIndex(3)],
        ..ticket_type("child")
    };
    let types = vec![ticket_type("adult"), child];
    let areas = [(0, Some(1), 3), (2, None, 1)];
    let wish = best(2, |wish| wish.section = Some(SectionIndex(1)));
    let full_wish = best(3, |wish| {
        (wish.zone, wish.accessible) = (Some(ZoneIndex(1)), true);
        wish.ticket_types = vec![(TicketTypeIndex(0), 2), (TicketTypeIndex(1), 1)];
    });
    let golden = [
        (create(1, "show", 7, rules), 0xd39c_ea98_1382_8b0e),
        (create_with(1, "show", 7, (rules, types)), 0x1f8a_6ed4_de27_61ed),
        (close(1), 0x5b93_1445_a640_49e2),
        (place(1, "ann", Selection::Spots(plain(&[1, 2]))), 0xea8f_cdfe_d746_d5fa),
        (place(1, "ann", Selection::Spots(typed(&[1, 2], 1, &areas))), 0x3f8e_dea1_206a_1757),
        (place(1, "ann", wish), 0x496d_66b3_f009_2d5b),
        (place(1, "ann", full_wish), 0xa30e_00a1_a39f_a0d5),
        (extend(9, "ann"), 0x1d9a_34ae_27cf_c2c0),
        (release(9, "ann", Part::Whole), 0xfa6b_c070_7c28_1130),
        (allocate(9, "ann", part(&[1, 2], &areas)), 0x23ff_ae19_27c4_23ab),
        (give_back(9, "ann", part(&[1, 2], &[])), 0x30f6_cb71_f1f1_9cc6),
        (block(1, plain(&[1, 2])), 0x81a0_1f3b_aaf4_a46b),
        (unblock(1, typed(&[], 0, &areas)), 0xcb89_8d52_d728_b45d),
    ];
    let changed: Vec<String> = golden
        .into_iter()
        .map(|(verb, expected)| (fingerprint(verb.clone()), expected, verb))
        .filter(|(print, expected, _)| print != expected)
        .map(|(print, _, verb)| format!("{print:#018x} is the fingerprint of {verb:?}"))
        .collect();
    assert!(changed.is_empty(), "{changed:#?}");
}

/// As many verbs of a kind as there are ways to differ in one field.
fn creates() -> Vec<Verb> {
    let rules = EventRules::default();
    let of_rules = |change: fn(&mut EventRules)| {
        let mut rules = rules;
        change(&mut rules);
        create(1, "show", 7, rules)
    };
    let of_types = |types: &[TicketType]| create_with(1, "show", 7, (rules, types.to_vec()));
    let of_child = |change: fn(&mut TicketType)| {
        let mut child = ticket_type("child");
        change(&mut child);
        of_types(&[child])
    };
    vec![
        create(1, "show", 7, rules),
        create(2, "show", 7, rules),
        create(1, "shows", 7, rules),
        create(1, "show", 8, rules),
        of_rules(|rules| rules.hold_ttl_millis += 1),
        of_rules(|rules| rules.extensions_max += 1),
        of_rules(|rules| rules.buyer_seats_max = Some(1)),
        of_rules(|rules| rules.sale_opens_at = Some(Timestamp(1))),
        of_rules(|rules| rules.sale_closes_at = Some(Timestamp(1))),
        of_types(&[ticket_type("adult"), ticket_type("child")]),
        of_types(&[ticket_type("child"), ticket_type("adult")]),
        of_types(&[ticket_type("adultchild")]),
        of_child(|_| ()),
        of_child(|child| child.quota = Some(1)),
        of_child(|child| child.quota = Some(2)),
        of_child(|child| child.sale_opens_at = Some(Timestamp(1))),
        of_child(|child| child.sale_closes_at = Some(Timestamp(1))),
        of_child(|child| child.categories = vec![CategoryIndex(0)]),
        of_child(|child| child.categories = vec![CategoryIndex(1)]),
        of_child(|child| child.categories = vec![CategoryIndex(0), CategoryIndex(1)]),
        close(1),
        close(2),
    ]
}

fn wishes() -> Vec<Verb> {
    let of_wish = |change| place(1, "ann", best(1, change));
    vec![
        of_wish(|_| ()),
        of_wish(|wish| wish.quantity = 2),
        of_wish(|wish| wish.section = Some(SectionIndex(0))),
        of_wish(|wish| wish.zone = Some(ZoneIndex(0))),
        of_wish(|wish| wish.category = Some(CategoryIndex(0))),
        of_wish(|wish| wish.accessible = true),
        of_wish(|wish| wish.ticket_types = vec![(TicketTypeIndex(0), 1)]),
        of_wish(|wish| wish.ticket_types = vec![(TicketTypeIndex(1), 1)]),
        of_wish(|wish| wish.ticket_types = vec![(TicketTypeIndex(0), 2)]),
        of_wish(|wish| wish.ticket_types = vec![(TicketTypeIndex(0), 1), (TicketTypeIndex(1), 1)]),
        of_wish(|wish| wish.ticket_types = vec![(TicketTypeIndex(1), 1), (TicketTypeIndex(0), 1)]),
        place(2, "ann", best(1, |_| ())),
        place(1, "bob", best(1, |_| ())),
    ]
}

#[test]
fn fingerprints_differ_in_every_field() {
    let mut verbs = [creates(), wishes()].concat();
    verbs.extend([extend(1, "ann"), extend(2, "ann"), extend(1, "bob")]);
    // Every verb that names spots, with each of these.
    let of_areas: &[&[(u32, Option<u16>, u32)]] = &[
        &[(0, None, 1)],
        &[(1, None, 1)],
        &[(0, Some(0), 1)],
        &[(0, Some(1), 1)],
        &[(0, None, 2)],
        &[(0, None, 1), (1, None, 1)],
        &[(1, None, 1), (0, None, 1)],
    ];
    for numbers in [&[][..], &[1], &[2], &[1, 2], &[2, 1], &[1, 2, 0]] {
        for &areas in [&[&[][..]], of_areas].concat().iter() {
            for verb in [release, allocate, give_back] {
                verbs.push(verb(1, "ann", part(numbers, areas)));
            }
            let mut named = vec![Spots { areas: places(areas), ..plain(numbers) }];
            if !numbers.is_empty() {
                named.extend([0, 1].map(|index| typed(numbers, index, areas)));
            }
            for spots in named {
                verbs.push(place(1, "ann", Selection::Spots(spots.clone())));
                verbs.push(block(1, spots.clone()));
                verbs.push(unblock(1, spots));
            }
        }
    }
    verbs.extend([block(2, plain(&[1])), unblock(2, plain(&[1]))]);
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
    assert_eq!(shard(place(7, "ann", best(1, |_| ()))), of_event);
    assert_eq!(shard(block(7, plain(&[1]))), of_event);
    assert_eq!(shard(unblock(7, plain(&[1]))), of_event);
    assert_eq!(shard(close(7)), of_event);
}
