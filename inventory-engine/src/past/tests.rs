//! Stories of an event, a fact a line, each with the map behind it. Every story is then shown up
//! to each of its facts and to each moment, from its beginning and around a snapshot at every
//! place: by going on from it, and by taking facts back.

use std::collections::BTreeMap;
use std::sync::Arc;

use inventory_charts::{Format, import};
use inventory_core::chart::Chart;
use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{
    AllocationId, AreaIndex, BuyerId, ChartHash, EventId, HoldId, Lsn, SeatIndex, TicketTypeIndex,
};
use inventory_core::rules::EventRules;
use inventory_core::spots::{AreaPlaces, SeatSpot, Spots};
use inventory_core::ticket_type::TicketType;
use inventory_core::time::Timestamp;

use super::replay::Snapshot;
use super::{Error, Owner, Replay, SeatMap, Until};

const EVENT: EventId = EventId(7);
/// Another event of the same shard, which is not looked at.
const OTHER: EventId = EventId(8);
const TYPES: [&str; 2] = ["adult", "child"];

/// Four seats in a row and an area for ten.
fn chart() -> Chart {
    let document = br#"{"format": "holdfast-chart", "version": 1, "name": "Hall",
        "rows": [{"label": "A", "x": 0, "y": 0, "seats": 4}],
        "areas": [{"label": "Lawn", "capacity": 10}]}"#;
    import(document, Some(Format::Holdfast)).unwrap().chart
}

/// A story's facts and the maps behind them.
struct Story {
    facts: Vec<Arc<Fact>>,
    maps: Vec<String>,
}

impl Story {
    /// Lines of `AT fact => map`. Seats are `1` or `1/child`, places `3@` or `3@child`, one
    /// hold or allocation is named by a number. A line that begins with `other` is of another
    /// event, and has no map of its own.
    fn read(text: &str) -> Self {
        let (mut facts, mut maps) = (Vec::new(), vec![String::new()]);
        for (line, lsn) in text.lines().map(str::trim).zip(1..) {
            let (told, map) = line.split_once("=>").unwrap_or((line, ""));
            let mut words = told.split_whitespace();
            let at = Timestamp(words.next().unwrap().parse().unwrap());
            let words: Vec<&str> = words.collect();
            let (event_id, words) = match words.split_first() {
                Some((&"other", rest)) => (OTHER, rest),
                _ => (EVENT, &words[..]),
            };
            let change = change(words);
            facts.push(Arc::new(Fact { lsn: Lsn(lsn), at, event_id, request: None, change }));
            let before = maps.last().unwrap().clone();
            maps.push(if event_id == OTHER { before } else { map.trim().to_owned() });
        }
        Self { facts, maps }
    }

    fn at(&self, lsn: usize) -> Timestamp {
        self.facts[lsn - 1].at
    }

    /// The map behind the last fact that is included.
    fn expected(&self, until: Until) -> &str {
        &self.maps[self.facts.iter().filter(|fact| until.includes(fact)).count()]
    }

    fn shown(&self, until: Until) -> Result<SeatMap, Error> {
        replayed(Replay::new(EVENT, until), &self.facts)
    }
}

fn replayed(mut replay: Replay, facts: &[Arc<Fact>]) -> Result<SeatMap, Error> {
    for fact in facts {
        if !replay.take(fact, |_| Ok(chart()))? {
            break;
        }
    }
    replay.finish()
}

fn change(words: &[&str]) -> Change {
    let number = |word: &str| word.parse::<u128>().unwrap();
    let hold_id = || HoldId(number(words[1]));
    let buyer_id = BuyerId::new("ann").unwrap();
    match words[0] {
        "create" => Change::EventCreated {
            name: "Gala".into(),
            chart: ChartHash([1; 32]),
            rules: EventRules::default(),
            ticket_types: TYPES.map(|key| TicketType { key: key.into(), ..any_type() }).into(),
        },
        "close" => Change::EventClosed,
        "hold" => {
            let (hold_id, spots, deadline) = (hold_id(), spots(&words[2..]), Timestamp(900));
            Change::HoldPlaced { hold_id, buyer_id, spots, deadline }
        }
        "extend" => Change::HoldExtended { hold_id: hold_id(), deadline: Timestamp(1_800) },
        "release" => Change::HoldReleased { hold_id: hold_id(), spots: spots(&words[2..]) },
        "expire" => Change::HoldExpired { hold_id: hold_id(), spots: spots(&words[2..]) },
        "sell" => {
            let (hold_id, allocation_id) = (hold_id(), AllocationId(number(words[2])));
            Change::HoldAllocated { hold_id, allocation_id, buyer_id, spots: spots(&words[3..]) }
        }
        "return" => {
            let (allocation_id, spots) = (AllocationId(number(words[1])), spots(&words[2..]));
            Change::SpotsReturned { allocation_id, spots }
        }
        "block" => Change::SpotsBlocked { spots: spots(&words[1..]) },
        "unblock" => Change::SpotsUnblocked { spots: spots(&words[1..]) },
        other => panic!("{other}"),
    }
}

fn any_type() -> TicketType {
    let categories = Vec::new();
    let key = String::new().into();
    TicketType { key, quota: None, sale_opens_at: None, sale_closes_at: None, categories }
}

fn spots(words: &[&str]) -> Spots {
    let index_of = |key: &str| {
        let index = TYPES.iter().position(|known| *known == key);
        index.map(|index| TicketTypeIndex(index as u16))
    };
    let mut spots = Spots::default();
    for word in words {
        if let Some((count, key)) = word.split_once('@') {
            let (area, count) = (AreaIndex(0), count.parse().unwrap());
            spots.areas.push(AreaPlaces { area, ticket_type: index_of(key), count });
        } else {
            let (seat, key) = word.split_once('/').unwrap_or((word, ""));
            let seat = SeatIndex(seat.parse::<u32>().unwrap() - 1);
            spots.seats.push(SeatSpot { seat, ticket_type: index_of(key) });
        }
    }
    spots
}

/// A map in one line: a word a seat, then what is taken of the area.
fn drawn(map: &SeatMap) -> String {
    let key = |of: Option<TicketTypeIndex>| of.map_or("", |of| map.ticket_type(of)).to_owned();
    let seats = map.seats().iter().map(|seat| {
        let owner = match seat.owner {
            Owner::Nobody => String::new(),
            Owner::Hold(id) => format!("h{}", id.0),
            Owner::Allocation(id) => format!("a{}", id.0),
        };
        format!("{}{owner}{}", &seat.status.name()[..2], key(seat.ticket_type))
    });
    let mut words: Vec<String> = seats.collect();
    let places: BTreeMap<String, String> = map
        .places(AreaIndex(0))
        .map(|(of, places)| {
            let counts = format!("{}/{}/{}", places.held, places.allocated, places.blocked);
            (key(of), counts)
        })
        .collect();
    words.extend(places.into_iter().map(|(key, counts)| format!("{key}={counts}")));
    words.extend(map.closed_at.map(|at| format!("closed@{}", at.0)));
    words.join(" ")
}

/// Tells a story from everywhere to everywhere.
fn check(text: &str) {
    let story = Story::read(text);
    let facts = story.facts.len();
    let created = story.facts.iter().position(|fact| fact.event_id == EVENT).unwrap() + 1;
    let throughs = (created..=facts).map(|lsn| Until::Through(Lsn(lsn as u64)));
    let moments = story.at(created).0..=story.at(facts).0 + 1;
    let moments = moments.map(|at| Until::At(Timestamp(at)));
    for until in throughs.chain(moments).chain([Until::End]) {
        let map = story.shown(until).unwrap();
        assert_eq!(drawn(&map), story.expected(until), "{until:?}");
        let last = story.facts.iter().rfind(|fact| until.includes(fact)).unwrap();
        assert_eq!((map.lsn, map.at), (last.lsn, last.at), "{until:?}");
        assert_eq!(map.seat_counts().total() + map.place_counts().total(), 14);
        for first in created + 1..=facts {
            (first - 1..=facts).for_each(|snapshot| around(&story, until, first, snapshot));
        }
    }
}

/// The same with the facts in front of one gone, and a snapshot behind another.
fn around(story: &Story, until: Until, first: usize, snapshot: usize) {
    let (lsn, at) = (Lsn(snapshot as u64), story.at(snapshot));
    let map = Some(story.shown(Until::Through(lsn)).unwrap());
    let replay = Replay::around(EVENT, until, Snapshot { lsn, at, map });
    let shown = replayed(replay, &story.facts[first - 1..]);
    let told = format!("{until:?} from fact {first} with a snapshot behind {snapshot}");
    // The snapshot may lie right in front of the first fact that is left.
    let known = first.min(snapshot);
    if until.reaches(Lsn(known as u64), story.at(known)) {
        assert_eq!(drawn(&shown.unwrap()), story.expected(until), "{told}");
    } else {
        let Err(Error::Pruned { first_at, first_lsn, .. }) = shown else { panic!("{told}") };
        assert_eq!((first_at, first_lsn), (story.at(known), Lsn(known as u64)), "{told}");
    }
}

#[test]
fn seats_are_held_sold_in_parts_and_come_back() {
    check(
        "10 create               => av av av av
         20 hold 1 1 2 3         => heh1 heh1 heh1 av
         20 other block 1
         30 sell 1 5 1 2         => ala5 ala5 heh1 av
         40 extend 1             => ala5 ala5 heh1 av
         40 release 1 3          => ala5 ala5 av av
         50 hold 2 3 4           => ala5 ala5 heh2 heh2
         60 return 5 1           => av ala5 heh2 heh2
         60 hold 3 1             => heh3 ala5 heh2 heh2
         70 expire 2 3 4         => heh3 ala5 av av
         80 return 5 2           => heh3 av av av",
    );
}

#[test]
fn places_are_counted_by_ticket_type_and_blocks_have_none() {
    check(
        "5 other create
         10 create                     => av av av av
         20 hold 1 1/child 2@adult 1@child => heh1child av av av adult=2/0/0 child=1/0/0
         30 sell 1 5 1@adult           => heh1child av av av adult=1/1/0 child=1/0/0
         40 block 2 3@                 => heh1child bl av av =0/0/3 adult=1/1/0 child=1/0/0
         50 sell 1 6 1/child 1@child   => ala6child bl av av =0/0/3 adult=1/1/0 child=0/1/0
         55 unblock 2 1@               => ala6child av av av =0/0/2 adult=1/1/0 child=0/1/0
         60 return 5 1@adult           => ala6child av av av =0/0/2 adult=1/0/0 child=0/1/0
         70 close                  => ala6child av av av =0/0/2 adult=1/0/0 child=0/1/0 closed@70
         80 expire 1 1@adult           => ala6child av av av =0/0/2 child=0/1/0 closed@70",
    );
}

#[test]
fn what_cannot_have_been_is_told_and_not_drawn() {
    for (story, told) in [
        ("1 create\n2 hold 1 2\n3 hold 2 2", "seat A-2 is"),
        ("1 create\n2 hold 1 2\n3 release 2 2", "seat A-2 is"),
        ("1 create\n2 hold 1 2/child\n3 sell 1 5 2/adult", "seat A-2 is"),
        ("1 create\n2 hold 1 1\n3 hold 1 9", "there is no seat 8"),
        ("1 create\n2 hold 1 2@\n3 sell 1 5 3@", "area 0 has not so many places"),
        ("1 create\n2 hold 1 2@\n3 block 9@", "area 0 has not so many places"),
        ("1 create\n2 hold 1 2@\n3 block 4294967295@", "area 0 has not so many places"),
        ("1 other create\n2 other hold 2 2\n3 hold 1 1", "event 7 was not created"),
    ] {
        let error = Story::read(story).shown(Until::End).unwrap_err();
        assert!(matches!(error, Error::Impossible { lsn: Lsn(3), .. }), "{story}: {error}");
        assert!(error.to_string().contains(told), "{error}");
    }
}

#[test]
fn moments_and_events_that_there_are_not_are_told_apart() {
    let story = Story::read("5 other create\n10 create => av av av av\n20 block 1 => bl av av av");
    for until in [Until::At(Timestamp(9)), Until::Through(Lsn(1))] {
        let error = story.shown(until).unwrap_err();
        let Error::NotYet { created_at, lsn, .. } = error else { panic!("{error}") };
        assert_eq!((created_at, lsn), (Timestamp(10), Lsn(2)), "{until:?}");
    }
    let error = story.shown(Until::Through(Lsn(4))).unwrap_err();
    assert!(matches!(error, Error::FactMissing { last_lsn: Lsn(3), .. }), "{error}");
    let nobody = EventId(99);
    let none = replayed(Replay::new(nobody, Until::End), &story.facts).unwrap_err();
    assert!(matches!(none, Error::EventUnknown(event_id) if event_id == nobody), "{none}");
    // The same where a snapshot stands for the front.
    let snapshot = |map| Snapshot { lsn: Lsn(1), at: Timestamp(5), map };
    let replay = Replay::around(nobody, Until::End, snapshot(None));
    let none = replayed(replay, &story.facts[1..]).unwrap_err();
    assert!(matches!(none, Error::EventUnknown(event_id) if event_id == nobody), "{none}");
    // What was created behind the snapshot is as if the journal were whole.
    let replay = Replay::around(EVENT, Until::At(Timestamp(15)), snapshot(None));
    assert_eq!(drawn(&replayed(replay, &story.facts[1..]).unwrap()), "av av av av");
    let replay = Replay::around(EVENT, Until::At(Timestamp(7)), snapshot(None));
    let early = replayed(replay, &story.facts[1..]).unwrap_err();
    assert!(matches!(early, Error::NotYet { lsn: Lsn(2), .. }), "{early}");
    let later =
        Snapshot { lsn: Lsn(3), at: Timestamp(20), map: Some(story.shown(Until::End).unwrap()) };
    let replay = Replay::around(EVENT, Until::At(Timestamp(9)), later);
    let early = replayed(replay, &story.facts[2..]).unwrap_err();
    assert!(matches!(early, Error::NotYet { created_at: Timestamp(10), .. }), "{early}");
}
