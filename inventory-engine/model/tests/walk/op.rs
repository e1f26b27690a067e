//! What may happen, drawn at random: mostly sensible, now and then not.

use inventory_core::command::BestAvailable;
use inventory_core::ids::{
    AreaIndex, CategoryIndex, SeatIndex, SectionIndex, TicketTypeIndex, ZoneIndex,
};
use inventory_core::spots::{AreaPlaces, SeatSpot, Spots};
use proptest::prelude::*;

use crate::create::{self, Create};
use crate::venue::{AREAS, SEATS, TABLE};

/// How many buyers there are.
pub(crate) const BUYERS: usize = 4;

/// A moment or a time is round if it is a multiple of this.
pub(crate) const ROUND_MILLIS: u64 = 500;

/// Something that happens.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// Something new is asked for.
    Ask(Made, Ask),
    /// A request that was sent before is sent again.
    Again(usize),
    /// Something is asked for under the id of a request that was sent before.
    OtherUnder(usize, Ask),
    /// Time passes, and then the engine ends so many of the holds that are due.
    Pass { millis: u64, until: Until, expiries_max: usize },
    /// The clock is set back.
    Back { millis: u64 },
}

/// What kind of a moment it is then. What is sold opens, closes and ends at round times, mostly.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    Any,
    Round,
    JustBefore,
}

/// How a request id is made.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Made {
    /// Hashed from a key.
    Hashed,
    /// By a clock that is so many milliseconds off.
    Off(i64),
}

/// What is asked for. Events, holds and sales are named by their number.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Create(Create),
    Close {
        event: usize,
    },
    Place {
        event: usize,
        buyer: usize,
        spots: Spots,
        /// Whoever takes care names ticket types that the event has.
        with_care: bool,
    },
    Best {
        event: usize,
        buyer: usize,
        wish: BestAvailable,
        with_care: bool,
    },
    Extend(Target),
    Release(Target),
    Allocate(Target),
    Return(Target),
    Block {
        event: usize,
        spots: Spots,
        with_care: bool,
    },
    Unblock {
        event: usize,
        spots: Spots,
        with_care: bool,
    },
}

/// A hold or a sale by its number; drawn beyond the last one, it wraps around, and may be the
/// next one, which does not exist yet.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) number: usize,
    /// Who asks: its buyer if `None`.
    pub(crate) stranger: Option<usize>,
    pub(crate) part: Part,
}

/// What of a hold or a sale.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Whole,
    Named(Spots),
    /// Something that it has, chosen by the bits of a number.
    Chosen(u64),
}

pub(crate) fn op() -> impl Strategy<Value = Op> {
    let until = prop_oneof![
        2 => Just(Until::Any),
        5 => Just(Until::Round),
        2 => Just(Until::JustBefore),
    ];
    let expiries_max = prop_oneof![5 => Just(0), 4 => Just(usize::MAX), 1 => 1_usize..3];
    prop_oneof![
        80 => (made(), ask()).prop_map(|(made, ask)| Op::Ask(made, ask)),
        16 => (0_u64..20_000, until, expiries_max)
            .prop_map(|(millis, until, expiries_max)| Op::Pass { millis, until, expiries_max }),
        1 => (0_u64..5_000).prop_map(|millis| Op::Back { millis }),
        8 => any::<usize>().prop_map(Op::Again),
        4 => (any::<usize>(), ask()).prop_map(|(number, other)| Op::OtherUnder(number, other)),
    ]
}

/// So many milliseconds, mostly a round number of them.
pub(crate) fn millis(min: u64, less_than: u64) -> impl Strategy<Value = u64> {
    let round = (min / ROUND_MILLIS + 1..less_than / ROUND_MILLIS).prop_map(|of| of * ROUND_MILLIS);
    prop_oneof![4 => round, 1 => min..less_than]
}

fn made() -> impl Strategy<Value = Made> {
    prop_oneof![
        8 => Just(Made::Off(0)),
        4 => (-500_i64..500).prop_map(Made::Off),
        1 => (299_990_i64..300_010).prop_map(Made::Off),
        3 => Just(Made::Hashed),
    ]
}

/// Boxed, as all larger strategies here: by value they fill a test's stack.
fn ask() -> BoxedStrategy<Ask> {
    let with_care = || prop::bool::weighted(0.9);
    prop_oneof![
        16 => (event(), 0..BUYERS, spots(), with_care()).prop_map(
            |(event, buyer, spots, with_care)| Ask::Place { event, buyer, spots, with_care }
        ),
        12 => (event(), 0..BUYERS, wish(), with_care()).prop_map(
            |(event, buyer, wish, with_care)| Ask::Best { event, buyer, wish, with_care }
        ),
        4 => target().prop_map(Ask::Extend),
        8 => target().prop_map(Ask::Release),
        10 => target().prop_map(Ask::Allocate),
        6 => target().prop_map(Ask::Return),
        2 => (event(), spots(), with_care())
            .prop_map(|(event, spots, with_care)| Ask::Block { event, spots, with_care }),
        4 => (event(), spots(), with_care())
            .prop_map(|(event, spots, with_care)| Ask::Unblock { event, spots, with_care }),
        2 => create::create().prop_map(Ask::Create),
        1 => event().prop_map(|event| Ask::Close { event }),
    ]
    .boxed()
}

/// Mostly the first one, which is there from the beginning.
pub(crate) fn event() -> impl Strategy<Value = usize> {
    prop_oneof![24 => Just(0_usize), 4 => Just(1), 1 => Just(2)]
}

fn wish() -> BoxedStrategy<BestAvailable> {
    // Quantities beyond the limit, and a section, a zone and a category that do not exist, among
    // them.
    let quantity = prop_oneof![30 => 1_u32..5, 3 => 5_u32..9, 1 => Just(0), 1 => Just(65)];
    let section = prop::option::weighted(0.3, (0_u32..3).prop_map(SectionIndex));
    let zone = prop::option::weighted(0.2, (0_u32..3).prop_map(ZoneIndex));
    let category = prop::option::weighted(0.3, (0_u32..3).prop_map(CategoryIndex));
    let named = ((0_u16..5).prop_map(TicketTypeIndex), 0_u32..4);
    let ticket_types = prop::collection::vec(named, 0..3);
    (quantity, section, zone, category, prop::bool::weighted(0.2), ticket_types)
        .prop_map(|(quantity, section, zone, category, accessible, ticket_types)| BestAvailable {
            quantity,
            section,
            zone,
            category,
            accessible,
            ticket_types,
        })
        .boxed()
}

/// Seats, or places, or both.
fn spots() -> BoxedStrategy<Spots> {
    let none = || Just(Vec::new());
    let lines = prop_oneof![3 => none(), 2 => lines()];
    prop_oneof![
        4 => (seats(), types(), lines).prop_map(|(seats, types, areas)| {
            let typed = seats.into_iter().map(SeatIndex).zip(types.into_iter().cycle());
            let seats = typed.map(|(seat, ticket_type)| SeatSpot { seat, ticket_type });
            Spots { seats: seats.collect(), areas }
        }),
        2 => self::lines().prop_map(|areas| Spots { areas, ..Spots::default() }),
    ]
    .boxed()
}

fn ticket_type() -> impl Strategy<Value = Option<TicketTypeIndex>> {
    prop::option::weighted(0.9, (0_u16..5).prop_map(TicketTypeIndex))
}

/// Ticket types for seats one after the other.
fn types() -> impl Strategy<Value = Vec<Option<TicketTypeIndex>>> {
    prop::collection::vec(ticket_type(), 1..4)
}

/// A few seats, or the table; seldom one that does not exist, one twice, none, or too many.
fn seats() -> impl Strategy<Value = Vec<u32>> {
    let few = || prop::collection::vec(0..SEATS, 1..4);
    let table = || TABLE.collect::<Vec<u32>>();
    prop_oneof![
        20 => few(),
        5 => Just(table()),
        2 => few().prop_map(move |seats| [table(), seats].concat()),
        2 => prop::collection::vec(0..SEATS + 3, 1..8),
        1 => few().prop_map(|seats| [seats.as_slice(), &seats[..1]].concat()),
        1 => prop::collection::vec(0..SEATS, 0..1),
        1 => prop::collection::vec(0..SEATS, 65..66),
    ]
}

/// Places in an area or two; seldom in one that does not exist, none at all, more than there
/// ever are, or on too many lines.
fn lines() -> impl Strategy<Value = Vec<AreaPlaces>> {
    let count = || prop_oneof![30 => 1_u32..5, 2 => 5_u32..9, 1 => Just(0), 1 => Just(u32::MAX)];
    let known = AREAS.len() as u32;
    let line = move |areas: u32| {
        let area = (0..areas).prop_map(AreaIndex);
        (area, ticket_type(), count()).prop_map(|(area, ticket_type, count)| AreaPlaces {
            area,
            ticket_type,
            count,
        })
    };
    prop_oneof![
        20 => prop::collection::vec(line(known), 1..3),
        4 => prop::collection::vec(line(known), 3..6),
        2 => prop::collection::vec(line(known + 1), 1..4),
        1 => prop::collection::vec(line(known), 65..66),
    ]
}

fn target() -> BoxedStrategy<Target> {
    let stranger = prop::option::weighted(0.1, 0..BUYERS);
    let part = prop_oneof![
        5 => Just(Part::Whole),
        3 => any::<u64>().prop_map(Part::Chosen),
        2 => spots().prop_map(Part::Named),
    ];
    (any::<usize>(), stranger, part)
        .prop_map(|(number, stranger, part)| Target { number, stranger, part })
        .boxed()
}
