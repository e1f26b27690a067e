//! A story on its way: the shard it happens in, the names it has given, and all facts so far.

use std::collections::BTreeMap;
use std::sync::Arc;

use compact_str::CompactString;

use super::asked::{Asked, TypeAsked};
use super::script::{self, Line, START};
use super::venue::{CHART, Venue, is_about_venue};
use crate::command::{
    Allocate, BestAvailable, Block, CloseEvent, Command, CreateEvent, Extend, Part, Place, Release,
    Return, Selection, Unblock, Verb,
};
use crate::fact::{Change, Fact};
use crate::hashing::SeededState;
use crate::ids::{
    AllocationId, AreaIndex, BuyerId, CategoryIndex, EventId, HoldId, Lsn, RequestId, SeatIndex,
    SectionIndex, ShardId, TicketTypeIndex, ZoneIndex,
};
use crate::rejection::RejectionCode;
use crate::spots::{AreaPlaces, SeatSpot, Spots};
use crate::state::{Decision, ShardState};
use crate::ticket_type::TicketType;
use crate::time::Timestamp;

const SHARD: ShardId = ShardId(3);

pub(super) struct Story {
    pub(super) state: ShardState,
    pub(super) codes: Vec<RejectionCode>,
    /// By name: the hold and its buyer.
    pub(super) holds: BTreeMap<String, (HoldId, String)>,
    /// By name: the allocation and its buyer.
    pub(super) sales: BTreeMap<String, (AllocationId, String)>,
    venue: Venue,
    now: Timestamp,
    facts: Vec<Arc<Fact>>,
    requests: BTreeMap<String, RequestId>,
    /// Labels that the chart does not have, as indexes that it does not have.
    unknown_seats: Vec<String>,
    ids_made: u64,
}

impl Story {
    pub(super) fn new(venue: Venue) -> Self {
        Self {
            state: shard(&venue, SeededState::default()),
            codes: Vec::new(),
            holds: BTreeMap::new(),
            sales: BTreeMap::new(),
            venue,
            now: START,
            facts: Vec::new(),
            requests: BTreeMap::new(),
            unknown_seats: Vec::new(),
            ids_made: 0,
        }
    }

    /// Does what a line asks, compares what came of it, and verifies the state.
    pub(super) fn step(&mut self, line: &Line<'_>) {
        let [verb, ref words @ ..] = line.words[..] else { return };
        if is_about_venue(verb) {
            return;
        }
        if self.facts.is_empty() && verb != "event" {
            self.ask(&Asked::read("event", &["1"]));
        }
        let asked = Asked::read(verb, words);
        let (told, is_as_hoped) = match verb {
            "clock" | "at" => {
                self.now = script::time(words[0]);
                let told = if verb == "at" { self.expire() } else { String::new() };
                let is_quiet = told.is_empty();
                (told, is_quiet)
            }
            "look" => {
                let seats = self.seats(&asked);
                (self.tell_states(asked.event, &seats), false)
            }
            "count" => (self.tell_counts(asked.event), false),
            "places" => (self.tell_places(asked.event, words[0]), false),
            "quota" => (self.tell_quota(asked.event, words[0]), false),
            "has" => (self.tell_buyer(asked.event, words[0]), false),
            "hold" => (self.tell_hold(self.hold(words[0])), false),
            "sold" => (self.tell_sale(words[0]), false),
            _ => self.ask(&asked),
        };
        let place = format!("line {}: {}", line.number, line.text);
        match line.expected {
            Some(expected) => assert_eq!(told, expected, "{place}"),
            None => assert!(is_as_hoped, "{place}\n  came out as: {told}"),
        }
        self.verify(&place);
        let restored = self.restored(&place);
        // Every second line goes on from there.
        if line.number.is_multiple_of(2) {
            self.state = restored;
        }
    }

    /// Sends a command. Returns what came of it, and whether it was accepted.
    fn ask(&mut self, asked: &Asked<'_>) -> (String, bool) {
        let request_id = self.request_id(asked);
        let command = Command { request_id, verb: self.verb(asked) };
        let is_choice = asked.best.is_some();
        match self.state.decide(self.now, &command) {
            Ok(Decision::New(fact)) => {
                self.name_what_came(asked, &fact);
                let (told, event_id) = (self.tell_fact(&fact, is_choice), fact.event_id);
                self.apply(fact);
                let concerned = self.state.event_concerned(&command).map(|event| event.id);
                assert_eq!(concerned, Some(event_id), "the event of {command:?}");
                (told, true)
            }
            Ok(Decision::Repeat(fact)) => {
                let concerned = self.state.event_concerned(&command).map(|event| event.id);
                assert_eq!(concerned, Some(fact.event_id), "the event of {command:?}");
                self.name_what_came(asked, &fact);
                (format!("again {}", self.tell_fact(&fact, is_choice)), true)
            }
            Err(rejection) => {
                self.codes.push(rejection.code);
                (self.tell_rejection(&rejection), false)
            }
        }
    }

    fn expire(&mut self) -> String {
        let mut told = Vec::new();
        while let Some(fact) = self.state.decide_expiry(self.now) {
            let name = self.tell_fact(&fact, false);
            told.push(if told.is_empty() { name } else { name.replace("expired ", "") });
            self.apply(fact);
        }
        told.join(" ")
    }

    fn apply(&mut self, fact: Fact) {
        let fact = Arc::new(fact);
        self.state.apply(&fact);
        self.facts.push(fact);
    }

    /// Nothing contradicts itself, and the facts alone lead to the same state, in a shard whose
    /// maps have another order.
    fn verify(&self, place: &str) {
        let mut replayed = shard(&self.venue, SeededState(42));
        for fact in &self.facts {
            replayed.apply(fact);
        }
        assert_eq!(replayed.digest(), self.state.digest(), "{place}: digest of a replay");
        assert_eq!(replayed.earliest_deadline(), self.state.earliest_deadline(), "{place}");
        for (again, event) in replayed.events().zip(self.state.events()) {
            assert!(again.seats().eq(event.seats()), "{place}: seats of a replay");
            let verified = self.state.verify_event(event.id).expect("the event is there");
            assert_eq!(verified.violations, Vec::<String>::new(), "{place}");
            assert_eq!(verified.counts, event.counts(), "{place}");
            assert_eq!(verified.counts.total(), event.chart.seat_count(), "{place}");
            assert_eq!(verified.areas, event.areas(), "{place}");
            assert_eq!(verified.ticket_types, event.ticket_type_counts(), "{place}");
            assert_eq!(again.areas(), event.areas(), "{place}: areas of a replay");
            let types = again.ticket_type_counts();
            assert_eq!(types, event.ticket_type_counts(), "{place}: ticket types of a replay");
            assert_eq!(again.closed_at, event.closed_at, "{place}: the end of a replay");
        }
    }

    /// The state from its image, in a shard whose maps have another order.
    fn restored(&self, place: &str) -> ShardState {
        let (image, memory) = (self.state.image(), self.venue.memory);
        let charts = BTreeMap::from([(CHART, Arc::clone(&self.venue.chart))]);
        let restored = ShardState::restore_remembering(image.clone(), &charts, 43, memory);
        let mut restored = restored.unwrap_or_else(|error| panic!("{place}: {error}"));
        assert_eq!(restored.image(), image, "{place}: image of an image");
        for (again, event) in restored.events().zip(self.state.events()) {
            assert!(again.seats().eq(event.seats()), "{place}: restored seats");
            assert_eq!(again.areas(), event.areas(), "{place}: restored areas");
            let (kept, counted) = (event.ticket_type_counts(), again.ticket_type_counts());
            assert_eq!(counted, kept, "{place}: restored ticket types");
            let verified = restored.verify_event(event.id).expect("the event is there");
            assert_eq!(verified.violations, Vec::<String>::new(), "{place}: restored");
        }
        // One that no event uses yet is no part of the state.
        restored.register_chart(CHART, Arc::clone(&self.venue.chart));
        restored
    }

    fn name_what_came(&mut self, asked: &Asked<'_>, fact: &Fact) {
        match &fact.change {
            Change::HoldPlaced { hold_id, buyer_id, .. } => {
                self.holds.insert(asked.named().to_owned(), (*hold_id, buyer_id.to_string()));
            }
            Change::HoldAllocated { allocation_id, buyer_id, .. } => {
                let name = asked.sale.unwrap_or(asked.named()).to_owned();
                self.sales.insert(name, (*allocation_id, buyer_id.to_string()));
            }
            _ => {}
        }
    }

    fn verb(&mut self, asked: &Asked<'_>) -> Verb {
        let event_id = asked.event;
        match asked.verb {
            "event" => Verb::CreateEvent(CreateEvent {
                event_id: EventId(script::number(asked.named())),
                name: CompactString::from("x".repeat(asked.name_bytes)),
                chart: asked.chart,
                rules: asked.rules,
                ticket_types: asked.ticket_types.iter().map(|of| self.ticket_type(of)).collect(),
            }),
            "close" => {
                Verb::CloseEvent(CloseEvent { event_id: EventId(script::number(asked.named())) })
            }
            "place" => Verb::Place(Place {
                event_id,
                buyer_id: buyer(asked.loose.get(1).expect("place names a hold and a buyer")),
                selection: match asked.best {
                    Some(_) => Selection::BestAvailable(self.wish(asked)),
                    None => Selection::Spots(self.spots(asked)),
                },
            }),
            "extend" => {
                let (hold_id, buyer_id) = self.hold_and_buyer(asked);
                Verb::Extend(Extend { hold_id, buyer_id })
            }
            "release" => {
                let (hold_id, buyer_id) = self.hold_and_buyer(asked);
                Verb::Release(Release { hold_id, buyer_id, part: self.part(asked) })
            }
            "alloc" => {
                let (hold_id, buyer_id) = self.hold_and_buyer(asked);
                Verb::Allocate(Allocate { hold_id, buyer_id, part: self.part(asked) })
            }
            "return" => {
                let owner = self.sales.get(asked.named()).map(|(_, buyer)| buyer.as_str());
                let buyer_id = buyer(asked.buyer.or(owner).unwrap_or("nobody"));
                let allocation_id = self.allocation(asked.named());
                Verb::Return(Return { allocation_id, buyer_id, part: self.part(asked) })
            }
            "block" => Verb::Block(Block { event_id, spots: self.spots(asked) }),
            "unblock" => Verb::Unblock(Unblock { event_id, spots: self.spots(asked) }),
            other => panic!("{other:?} is no step of a story"),
        }
    }

    fn hold_and_buyer(&self, asked: &Asked<'_>) -> (HoldId, BuyerId) {
        let owner = self.holds.get(asked.named()).map(|(_, buyer)| buyer.as_str());
        let buyer_id = buyer(asked.buyer.or(owner).unwrap_or("nobody"));
        (self.hold(asked.named()), buyer_id)
    }

    /// The hold of a name; for a name not given, one that does not exist.
    fn hold(&self, name: &str) -> HoldId {
        let nobody = || HoldId::new(SHARD, Lsn(1 << 40), uuid(START, 7, 0));
        self.holds.get(name).map_or_else(nobody, |&(hold_id, _)| hold_id)
    }

    /// The allocation of a name; for a name not given, one that does not exist.
    pub(super) fn allocation(&self, name: &str) -> AllocationId {
        let nobody = || AllocationId::new(SHARD, Lsn(1 << 40), uuid(START, 7, 0));
        self.sales.get(name).map_or_else(nobody, |&(sale_id, _)| sale_id)
    }

    fn part(&mut self, asked: &Asked<'_>) -> Part {
        match asked.labels {
            None => Part::Whole,
            Some(_) => Part::Spots { seats: self.seats(asked), areas: self.areas(asked) },
        }
    }

    fn ticket_type(&self, asked: &TypeAsked<'_>) -> TicketType {
        let category = |key: &&str| self.venue.chart.category_by_key(key);
        let categories = asked.categories.iter();
        TicketType {
            key: CompactString::from(asked.key),
            quota: asked.quota,
            sale_opens_at: asked.sale_opens_at,
            sale_closes_at: asked.sale_closes_at,
            categories: categories
                .map(|key| category(key).unwrap_or(CategoryIndex(1_000)))
                .collect(),
        }
    }

    fn seats(&mut self, asked: &Asked<'_>) -> Vec<SeatIndex> {
        let labels = asked.labels.iter().flatten();
        labels.map(|(label, _)| self.seat(label)).collect()
    }

    fn spots(&mut self, asked: &Asked<'_>) -> Spots {
        let labels = asked.labels.iter().flatten();
        let seats = labels.map(|(label, key)| {
            let ticket_type = key.map(|key| self.type_index(asked.event, key));
            SeatSpot { seat: self.seat(label), ticket_type }
        });
        Spots { seats: seats.collect(), areas: self.areas(asked) }
    }

    fn areas(&self, asked: &Asked<'_>) -> Vec<AreaPlaces> {
        let places = asked.areas.iter().map(|&(label, count, key)| AreaPlaces {
            area: self.venue.chart.area_by_label(label).unwrap_or(AreaIndex(1_000)),
            ticket_type: key.map(|key| self.type_index(asked.event, key)),
            count,
        });
        places.collect()
    }

    /// The ticket type of a key; for a key that the event does not have, one that it has not.
    pub(super) fn type_index(&self, event_id: EventId, key: &str) -> TicketTypeIndex {
        let event = self.state.event(event_id);
        let position = event.and_then(|of| of.ticket_types.iter().position(|of| of.key == key));
        TicketTypeIndex(position.map_or(1_000, |position| position as u16))
    }

    fn seat(&mut self, label: &str) -> SeatIndex {
        if let Some(seat) = self.venue.chart.seat_by_label(label) {
            return seat;
        }
        let known = self.unknown_seats.iter().position(|unknown| unknown == label);
        let position = known.unwrap_or(self.unknown_seats.len());
        if known.is_none() {
            self.unknown_seats.push(label.to_owned());
        }
        SeatIndex(self.venue.chart.seat_count() + position as u32)
    }

    pub(super) fn seat_name(&self, seat: SeatIndex) -> &str {
        match self.venue.chart.seat(seat) {
            Some(seat) => &seat.label,
            None => &self.unknown_seats[(seat.0 - self.venue.chart.seat_count()) as usize],
        }
    }

    pub(super) fn area_name(&self, area: AreaIndex) -> &str {
        self.venue.chart.area(area).map_or("?", |area| &area.label)
    }

    fn wish(&self, asked: &Asked<'_>) -> BestAvailable {
        let chart = &self.venue.chart;
        // What the chart does not have is wished for by an index that it does not have.
        let section = |label| chart.section_by_label(label).unwrap_or(SectionIndex(1_000));
        let category = |key| chart.category_by_key(key).unwrap_or(CategoryIndex(1_000));
        let zone = |key| chart.zone_by_key(key).unwrap_or(ZoneIndex(1_000));
        let types = asked.types.iter();
        let types = types.map(|&(key, count)| (self.type_index(asked.event, key), count));
        BestAvailable {
            quantity: asked.best.expect("best says how many") as u32,
            section: asked.section.map(section),
            zone: asked.zone.map(zone),
            category: asked.category.map(category),
            accessible: asked.accessible,
            ticket_types: types.collect(),
        }
    }

    fn request_id(&mut self, asked: &Asked<'_>) -> RequestId {
        if let Some(&known) = asked.request.and_then(|name| self.requests.get(name)) {
            return known;
        }
        self.ids_made += 1;
        let version = if asked.is_hashed { 8 } else { 7 };
        let id = uuid(asked.made_at.unwrap_or(self.now), version, self.ids_made);
        if let Some(name) = asked.request {
            self.requests.insert(name.to_owned(), id);
        }
        id
    }
}

fn shard(venue: &Venue, hashing: SeededState) -> ShardState {
    let mut state = ShardState::with(SHARD, hashing, venue.memory);
    state.register_chart(CHART, Arc::clone(&venue.chart));
    state
}

fn buyer(name: &str) -> BuyerId {
    BuyerId::new(name).expect("a story's buyers have short names")
}

fn uuid(made_at: Timestamp, version: u128, number: u64) -> RequestId {
    let bits = u128::from(made_at.0) << 80 | version << 76 | 0b10 << 62 | u128::from(number);
    RequestId::new(bits).expect("the version and the variant are right")
}
