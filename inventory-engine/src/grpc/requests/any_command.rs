//! Any command, said in the words of the contract, by index or by label, is read as what it was.

use std::sync::Arc;

use inventory_core::chart::{Area, Category, Chart, ChartParts, Point, Row, Seat, Section, Zone};
use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{AreaIndex, Lsn, ShardId, TicketTypeIndex};
use inventory_core::spots::{AreaPlaces, SeatSpot};
use inventory_core::state::ShardState;
use inventory_core::strategies::{buyer_id, request_id, rules, ticket_type};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::subsequence;

use super::*;
use crate::ask::set_part;

const EVENT: EventId = EventId(7);
const CHART: ChartHash = ChartHash([3; 32]);
const SEATS: u32 = 12;
const AREAS: [&str; 2] = ["lawn", "terrace"];
const CATEGORIES: [&str; 2] = ["gold", "silver"];
const TICKET_TYPES: [&str; 2] = ["adult", "child"];

fn chart() -> Chart {
    let seat = |number: u32| Seat {
        label: format!("stalls-A-{number}"),
        section: Some(SectionIndex(0)),
        category: None,
        position: Point { x: f64::from(number), y: 0.0 },
        entrance: None,
        accessible: false,
        companion: false,
        restricted_view: false,
    };
    let text = |text: &str| text.to_owned();
    let category = |key: &&str| Category { key: text(key), label: text(key), color: None };
    let area =
        |label: &&str| Area { label: text(label), section: None, category: None, capacity: 500 };
    let row = Row {
        label: text("A"),
        section: Some(SectionIndex(0)),
        seats: (0..SEATS).map(SeatIndex).collect(),
    };
    let (zone, label) = (Some(ZoneIndex(0)), text("stalls"));
    let parts = ChartParts {
        name: text("venue"),
        categories: CATEGORIES.iter().map(category).collect(),
        zones: vec![Zone { key: text("left"), label: text("left"), focal_point: None }],
        sections: vec![Section { label, zone, floor: None, entrance: None }],
        rows: vec![row],
        areas: AREAS.iter().map(area).collect(),
        seats: (0..SEATS).map(seat).collect(),
        ..ChartParts::default()
    };
    Chart::new(parts).expect("a chart is whole")
}

/// A directory with one event on this chart.
fn directory() -> Directory {
    let mut state = ShardState::new(EVENT.shard());
    state.register_chart(CHART, Arc::new(chart()));
    let ticket_type = |key: &&str| TicketType {
        key: (*key).into(),
        quota: None,
        sale_opens_at: None,
        sale_closes_at: None,
        categories: Vec::new(),
    };
    let change = Change::EventCreated {
        name: "show".into(),
        chart: CHART,
        rules: EventRules::default(),
        ticket_types: TICKET_TYPES.iter().map(ticket_type).collect(),
    };
    let (lsn, at) = (Lsn(1), Timestamp(5));
    let created = Fact { lsn, at, event_id: EVENT, request: None, change };
    state.apply(&created);
    let directory = Directory::default();
    directory.show(state.event(EVENT).expect("it was created now"), &created);
    directory
}

fn typed() -> impl Strategy<Value = Option<TicketTypeIndex>> {
    option::of((0..TICKET_TYPES.len() as u16).prop_map(TicketTypeIndex))
}

fn seats() -> impl Strategy<Value = Vec<SeatIndex>> {
    let all: Vec<SeatIndex> = (0..SEATS).map(SeatIndex).collect();
    subsequence(all, 0..6).prop_shuffle()
}

fn areas(
    typed: impl Strategy<Value = Option<TicketTypeIndex>>,
) -> impl Strategy<Value = Vec<AreaPlaces>> {
    let line = (0..AREAS.len() as u32, typed, any::<u32>());
    let line = line.prop_map(|(area, ticket_type, count)| AreaPlaces {
        area: AreaIndex(area),
        ticket_type,
        count,
    });
    vec(line, 0..4)
}

fn selection() -> impl Strategy<Value = Selection> {
    let spots = (seats(), vec(typed(), 6), areas(typed())).prop_map(|(seats, types, areas)| {
        let seats = seats.into_iter().zip(types);
        let seats = seats.map(|(seat, ticket_type)| SeatSpot { seat, ticket_type }).collect();
        Selection::Spots(Spots { seats, areas })
    });
    let place = |count: u32| option::of(0..count);
    let types = vec((0..TICKET_TYPES.len() as u16, any::<u32>()), 0..3);
    let best = (any::<u32>(), place(1), place(1), place(2), any::<bool>(), types).prop_map(
        |(quantity, section, zone, category, accessible, types)| {
            let types = types.into_iter().map(|(index, count)| (TicketTypeIndex(index), count));
            Selection::BestAvailable(BestAvailable {
                quantity,
                section: section.map(SectionIndex),
                zone: zone.map(ZoneIndex),
                category: category.map(CategoryIndex),
                accessible,
                ticket_types: types.collect(),
            })
        },
    );
    prop_oneof![2 => spots, 1 => best]
}

fn part() -> impl Strategy<Value = Part> {
    let some = (seats(), areas(typed()));
    let some = some.prop_map(|(seats, areas)| Part::Spots { seats, areas });
    prop_oneof![1 => Just(Part::Whole), 2 => some]
}

fn verb() -> impl Strategy<Value = Verb> {
    let event_id = EVENT;
    let born = || (0..SHARDS, 0..1_u64 << 48, request_id());
    let hold = || born().prop_map(|(shard, lsn, id)| HoldId::new(ShardId(shard), Lsn(lsn), id));
    let sale = born().prop_map(|(shard, lsn, id)| AllocationId::new(ShardId(shard), Lsn(lsn), id));
    let untyped = || {
        (seats(), areas(Just(None)))
            .prop_map(|(seats, areas)| Spots { areas, ..Spots::of_seats(seats) })
    };
    prop_oneof![
        (buyer_id(), selection()).prop_map(move |(buyer_id, selection)| {
            Verb::Place(Place { event_id, buyer_id, selection })
        }),
        (hold(), buyer_id())
            .prop_map(|(hold_id, buyer_id)| Verb::Extend(Extend { hold_id, buyer_id })),
        (hold(), buyer_id(), part()).prop_map(|(hold_id, buyer_id, part)| {
            Verb::Release(Release { hold_id, buyer_id, part })
        }),
        (hold(), buyer_id(), part()).prop_map(|(hold_id, buyer_id, part)| {
            Verb::Allocate(Allocate { hold_id, buyer_id, part })
        }),
        (sale, buyer_id(), part()).prop_map(|(allocation_id, buyer_id, part)| {
            Verb::Return(Return { allocation_id, buyer_id, part })
        }),
        untyped().prop_map(move |spots| Verb::Block(Block { event_id, spots })),
        untyped().prop_map(move |spots| Verb::Unblock(Unblock { event_id, spots })),
    ]
}

/// Says things as a caller would who knows the event.
struct Caller {
    chart: Chart,
    by_label: bool,
}

impl Caller {
    fn said(&self, request_id: RequestId, verb: &Verb) -> command::Verb {
        let request_id = id(request_id.get());
        match verb {
            Verb::Place(Place { event_id, buyer_id, selection }) => {
                let (selection, areas) = self.selection(selection);
                command::Verb::Place(v1::PlaceRequest {
                    request_id,
                    event_id: event_id.0,
                    buyer_id: buyer_id.to_string(),
                    selection: Some(selection),
                    areas,
                })
            }
            Verb::Extend(Extend { hold_id, buyer_id }) => {
                let (hold_id, buyer_id) = (id(hold_id.0), buyer_id.to_string());
                command::Verb::Extend(v1::ExtendRequest { request_id, hold_id, buyer_id })
            }
            Verb::Release(Release { hold_id, buyer_id, part }) => {
                let (hold_id, buyer_id) = (id(hold_id.0), buyer_id.to_string());
                let (part, areas) = self.part(part);
                let said = v1::ReleaseRequest { request_id, hold_id, buyer_id, part, areas };
                command::Verb::Release(said)
            }
            Verb::Allocate(Allocate { hold_id, buyer_id, part }) => {
                let (hold_id, buyer_id) = (id(hold_id.0), buyer_id.to_string());
                let (part, areas) = self.part(part);
                let said = v1::AllocateRequest { request_id, hold_id, buyer_id, part, areas };
                command::Verb::Allocate(said)
            }
            Verb::Return(Return { allocation_id, buyer_id, part }) => {
                let (allocation_id, buyer_id) = (id(allocation_id.0), buyer_id.to_string());
                let (part, areas) = self.part(part);
                let said = v1::ReturnRequest { request_id, allocation_id, buyer_id, part, areas };
                command::Verb::Return(said)
            }
            Verb::Block(Block { event_id, spots }) => {
                let (event_id, areas) = (event_id.0, areas_said(&spots.areas));
                let seats = Some(self.seats(spots.seat_indexes()));
                command::Verb::Block(v1::BlockRequest { request_id, event_id, seats, areas })
            }
            Verb::Unblock(Unblock { event_id, spots }) => {
                let (event_id, areas) = (event_id.0, areas_said(&spots.areas));
                let seats = Some(self.seats(spots.seat_indexes()));
                command::Verb::Unblock(v1::UnblockRequest { request_id, event_id, seats, areas })
            }
            Verb::CreateEvent(_) | Verb::CloseEvent(_) => panic!("no command of a stream"),
        }
    }

    fn selection(&self, selection: &Selection) -> (place_request::Selection, Vec<v1::AreaPlaces>) {
        let wish = match selection {
            Selection::Spots(spots) => {
                let types = spots.seats.iter().map(|spot| key(spot.ticket_type));
                let has_types = spots.seats.iter().any(|spot| spot.ticket_type.is_some());
                let ticket_types = types.filter(|_| has_types).collect();
                let seats = v1::Seats { ticket_types, ..self.seats(spots.seat_indexes()) };
                return (place_request::Selection::Seats(seats), areas_said(&spots.areas));
            }
            Selection::BestAvailable(wish) => wish,
        };
        let counted = wish
            .ticket_types
            .iter()
            .map(|&(index, count)| v1::TicketTypeCount { ticket_type: key(Some(index)), count });
        let best = v1::BestAvailable {
            quantity: wish.quantity,
            section: wish.section.map(|_| "stalls".to_owned()),
            category: wish.category.map(|index| CATEGORIES[index.0 as usize].to_owned()),
            accessible: wish.accessible,
            zone: wish.zone.map(|_| "left".to_owned()),
            ticket_types: counted.collect(),
        };
        (place_request::Selection::BestAvailable(best), Vec::new())
    }

    fn part(&self, part: &Part) -> (Option<v1::Seats>, Vec<v1::AreaPlaces>) {
        match part {
            Part::Whole => (None, Vec::new()),
            Part::Spots { seats, areas } => {
                (Some(self.seats(seats.iter().copied())), areas_said(areas))
            }
        }
    }

    fn seats(&self, seats: impl Iterator<Item = SeatIndex>) -> v1::Seats {
        if !self.by_label {
            return v1::Seats { indexes: seats.map(|seat| seat.0).collect(), ..Default::default() };
        }
        let label = |seat| self.chart.seat_label(seat).expect("the chart has it").to_owned();
        v1::Seats { labels: seats.map(label).collect(), ..Default::default() }
    }
}

fn id(number: u128) -> bytes::Bytes {
    number.to_be_bytes().to_vec().into()
}

fn key(ticket_type: Option<TicketTypeIndex>) -> String {
    ticket_type.map_or("", |index| TICKET_TYPES[usize::from(index.0)]).to_owned()
}

fn areas_said(areas: &[AreaPlaces]) -> Vec<v1::AreaPlaces> {
    let said = areas.iter().map(|places| v1::AreaPlaces {
        area: AREAS[places.area.0 as usize].to_owned(),
        count: places.count,
        ticket_type: key(places.ticket_type),
    });
    said.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_command_of_a_stream_is_read_as_it_was_meant(
        request_id in request_id(),
        verb in verb(),
        by_label in any::<bool>(),
    ) {
        let directory = directory();
        let said = Caller { chart: chart(), by_label }.said(request_id, &verb);
        let Ok(Ask::Command { mut command, unknown, part }) = command(&directory, Some(said))
        else {
            panic!("{verb:?} was refused");
        };
        prop_assert_eq!(unknown, Unknown::default());
        if let Some(part) = part {
            let names = directory.event(EVENT).unwrap().names();
            prop_assert_eq!(set_part(&mut command, &part, Some(&names)), Unknown::default());
        }
        prop_assert_eq!(command, Command { request_id, verb });
    }

    #[test]
    fn any_event_to_be_is_read_as_it_was_meant(
        request_id in request_id(),
        event_id in 1..u64::MAX,
        name in "\\PC{0,60}",
        rules in rules(),
        ticket_types in vec((ticket_type(), subsequence(vec![0_u32, 1], 0..=2)), 0..4),
    ) {
        let ticket_types = ticket_types.into_iter().map(|(ticket_type, categories)| TicketType {
            categories: categories.into_iter().map(CategoryIndex).collect(),
            ..ticket_type
        });
        let ticket_types: Vec<TicketType> = ticket_types.collect();
        let said = |of: &TicketType| v1::TicketType {
            key: of.key.to_string(),
            quota: of.quota,
            sale_opens_at_millis: of.sale_opens_at.map(|at| at.0),
            sale_closes_at_millis: of.sale_closes_at.map(|at| at.0),
            categories: of.categories.iter().map(|of| CATEGORIES[of.0 as usize].into()).collect(),
        };
        let request = v1::CreateEventRequest {
            request_id: id(request_id.get()),
            event_id,
            name: name.clone(),
            chart_hash: CHART.0.to_vec().into(),
            rules: Some(v1::EventRules {
                hold_ttl_millis: Some(rules.hold_ttl_millis),
                extensions_max: Some(rules.extensions_max.into()),
                buyer_seats_max: rules.buyer_seats_max,
                sale_opens_at_millis: rules.sale_opens_at.map(|at| at.0),
                sale_closes_at_millis: rules.sale_closes_at.map(|at| at.0),
            }),
            ticket_types: ticket_types.iter().map(said).collect(),
        };
        let read = create_event(request).and_then(|event| event.command(Some(&chart())));
        let (event_id, name, chart) = (EventId(event_id), name.into(), CHART);
        let verb = Verb::CreateEvent(CreateEvent { event_id, name, chart, rules, ticket_types });
        prop_assert_eq!(read.unwrap(), Command { request_id, verb });
    }
}
