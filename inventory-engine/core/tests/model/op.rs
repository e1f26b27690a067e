//! What may happen, drawn at random: mostly sensible, now and then not.

use proptest::prelude::*;

use crate::venue::{AREAS, SPOTS, TABLE};

/// How many buyers there are.
pub(crate) const BUYERS: usize = 4;

/// An event's rules, times in milliseconds from the start.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) ttl_millis: u64,
    pub(crate) extensions_max: u16,
    pub(crate) buyer_seats_max: Option<u32>,
    pub(crate) opens_at: Option<u64>,
    pub(crate) closes_at: Option<u64>,
    pub(crate) kinds: Vec<KindRules>,
}

/// A ticket type of the event.
#[derive(Clone, Debug)]
pub(crate) struct KindRules {
    pub(crate) quota: Option<u32>,
    pub(crate) opens_at: Option<u64>,
    pub(crate) closes_at: Option<u64>,
    pub(crate) categories: Vec<u32>,
}

/// The number of a ticket type, if one is named.
pub(crate) type Kind = Option<usize>;

/// Seats and places as they are asked for, held and sold.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Asked {
    pub(crate) seats: Vec<(usize, Kind)>,
    pub(crate) lines: Vec<Line>,
}

/// Places in an area.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) area: usize,
    pub(crate) kind: Kind,
    pub(crate) count: u32,
}

/// Something that happens.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Op {
    Place {
        buyer: usize,
        asked: Asked,
        /// Whoever takes care names ticket types that the event has.
        with_care: bool,
    },
    Best {
        buyer: usize,
        wish: Wish,
        with_care: bool,
    },
    Extend(Target),
    Release(Target),
    Allocate(Target),
    Return(Target),
    Block {
        asked: Asked,
        with_care: bool,
    },
    Unblock {
        asked: Asked,
        with_care: bool,
    },
    Close,
    /// Time passes; with `expire` the engine notices what is due.
    Pass {
        millis: u64,
        expire: bool,
    },
    /// A request that was sent before is sent again.
    Again(usize),
    /// Something is sent under the id of a request that was sent before.
    OtherUnder(usize, Box<Op>),
}

/// A wish for seats next to each other.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wish {
    pub(crate) quantity: usize,
    pub(crate) section: Option<u32>,
    pub(crate) zone: Option<u32>,
    pub(crate) category: Option<u32>,
    pub(crate) accessible: bool,
    /// Ticket types, each with how many.
    pub(crate) kinds: Vec<(usize, u32)>,
}

/// A hold or a sale by its number; drawn beyond the last one, it wraps around, and may be the
/// next one, which does not exist yet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Target {
    pub(crate) number: usize,
    /// Who asks: its buyer if `None`.
    pub(crate) stranger: Option<usize>,
    pub(crate) part: Part,
}

/// What of a hold or a sale.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Part {
    Whole,
    Named(Asked),
    /// Something that it has, chosen by the bits of a number.
    Chosen(u64),
}

impl Asked {
    /// All with ticket types that an event with so many of them has.
    pub(crate) fn with_known_kinds(&mut self, kinds: usize) {
        let known = |kind: &mut Kind| {
            *kind = (kinds > 0).then(|| kind.unwrap_or(0) % kinds.max(1));
        };
        self.seats.iter_mut().for_each(|(_, kind)| known(kind));
        self.lines.iter_mut().for_each(|line| known(&mut line.kind));
    }

    /// As what is blocked: as nothing.
    pub(crate) fn without_kinds(&mut self) {
        self.with_known_kinds(0);
    }

    /// Some of it, by the bits of a number.
    pub(crate) fn choose(&self, bits: u64) -> Self {
        let is_chosen = |position: usize| bits >> (position % 32) & 1 == 1;
        let seats = (0..).zip(&self.seats).filter(|&(position, _)| is_chosen(position));
        let lines = (7..).zip(&self.lines).filter(|&(position, _)| is_chosen(position));
        let lines = lines.map(|(_, &line)| Line { count: 1 + bits as u32 % line.count, ..line });
        Self { seats: seats.map(|(_, &seat)| seat).collect(), lines: lines.collect() }
    }
}

impl Wish {
    /// With ticket types that the event has, as many as seats.
    pub(crate) fn with_known_kinds(&mut self, kinds: usize) {
        let wanted = if kinds == 0 { 0 } else { self.quantity.min(self.kinds.len().max(1)) };
        self.kinds.resize(wanted, (0, 0));
        for (kind, count) in &mut self.kinds {
            (*kind, *count) = (*kind % kinds, 1);
        }
        if let Some((_, count)) = self.kinds.first_mut() {
            *count = (self.quantity - (wanted - 1)) as u32;
        }
    }
}

pub(crate) fn rules() -> impl Strategy<Value = Rules> {
    let limit = prop::option::of(1_u32..12);
    let window = (window(), 0_u16..4, 1_000_u64..60_000);
    (window, limit, prop::collection::vec(kind_rules(), 0..4)).prop_map(
        |(((opens_at, closes_at), extensions_max, ttl_millis), buyer_seats_max, kinds)| Rules {
            ttl_millis,
            extensions_max,
            buyer_seats_max,
            opens_at,
            closes_at,
            kinds,
        },
    )
}

/// When something opens and closes, if it does.
fn window() -> impl Strategy<Value = (Option<u64>, Option<u64>)> {
    let opens_at = prop::option::weighted(0.3, 1_u64..20_000);
    let closes_after = prop::option::weighted(0.3, 1_u64..200_000);
    (opens_at, closes_after).prop_map(|(opens_at, closes_after)| {
        (opens_at, closes_after.map(|millis| opens_at.unwrap_or(0) + millis))
    })
}

fn kind_rules() -> impl Strategy<Value = KindRules> {
    let categories = prop::sample::subsequence(vec![0_u32, 1], 0..=2);
    (prop::option::of(1_u32..9), window(), categories).prop_map(
        |(quota, (opens_at, closes_at), categories)| KindRules {
            quota,
            opens_at,
            closes_at,
            categories,
        },
    )
}

pub(crate) fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        80 => command(),
        16 => (0_u64..20_000, any::<bool>())
            .prop_map(|(millis, expire)| Op::Pass { millis, expire }),
        8 => any::<usize>().prop_map(Op::Again),
        4 => (any::<usize>(), command())
            .prop_map(|(number, other)| Op::OtherUnder(number, Box::new(other))),
        1 => Just(Op::Close),
    ]
}

/// Boxed, as all larger strategies here: by value they fill a test's stack.
fn command() -> BoxedStrategy<Op> {
    let with_care = || prop::bool::weighted(0.9);
    prop_oneof![
        8 => (0..BUYERS, asked(), with_care())
            .prop_map(|(buyer, asked, with_care)| Op::Place { buyer, asked, with_care }),
        6 => (0..BUYERS, wish(), with_care())
            .prop_map(|(buyer, wish, with_care)| Op::Best { buyer, wish, with_care }),
        2 => target().prop_map(Op::Extend),
        4 => target().prop_map(Op::Release),
        5 => target().prop_map(Op::Allocate),
        3 => target().prop_map(Op::Return),
        1 => (asked(), with_care())
            .prop_map(|(asked, with_care)| Op::Block { asked, with_care }),
        2 => (asked(), with_care())
            .prop_map(|(asked, with_care)| Op::Unblock { asked, with_care }),
    ]
    .boxed()
}

fn wish() -> BoxedStrategy<Wish> {
    // Quantities beyond the limit, and a section, a zone and a category that do not exist, among
    // them.
    let quantity = prop_oneof![30 => 1_usize..5, 3 => 5_usize..9, 1 => Just(0), 1 => Just(65)];
    let section = prop::option::weighted(0.3, 0_u32..3);
    let zone = prop::option::weighted(0.2, 0_u32..3);
    let category = prop::option::weighted(0.3, 0_u32..3);
    let kinds = prop::collection::vec((0_usize..5, 0_u32..4), 0..3);
    (quantity, section, zone, category, prop::bool::weighted(0.2), kinds)
        .prop_map(|(quantity, section, zone, category, accessible, kinds)| Wish {
            quantity,
            section,
            zone,
            category,
            accessible,
            kinds,
        })
        .boxed()
}

/// Seats, or places, or both.
fn asked() -> BoxedStrategy<Asked> {
    let none = || Just(Vec::new());
    let lines = prop_oneof![3 => none(), 2 => lines()];
    prop_oneof![
        4 => (seats(), kinds(), lines).prop_map(|(seats, kinds, lines)| Asked {
            seats: seats.into_iter().zip(kinds.into_iter().cycle()).collect(),
            lines,
        }),
        2 => lines_only(),
    ]
    .boxed()
}

fn lines_only() -> impl Strategy<Value = Asked> {
    lines().prop_map(|lines| Asked { seats: Vec::new(), lines })
}

/// Ticket types for seats one after the other.
fn kinds() -> impl Strategy<Value = Vec<Kind>> {
    prop::collection::vec(prop::option::weighted(0.9, 0_usize..5), 1..4)
}

/// A few seats, or the table; seldom one that does not exist, one twice, none, or too many.
fn seats() -> impl Strategy<Value = Vec<usize>> {
    let few = || prop::collection::vec(0..SPOTS, 1..4);
    let table = || TABLE.collect::<Vec<usize>>();
    prop_oneof![
        20 => few(),
        5 => Just(table()),
        2 => few().prop_map(move |seats| [table(), seats].concat()),
        2 => prop::collection::vec(0..SPOTS + 3, 1..8),
        1 => few().prop_map(|seats| [seats.as_slice(), &seats[..1]].concat()),
        1 => prop::collection::vec(0..SPOTS, 0..1),
        1 => prop::collection::vec(0..SPOTS, 65..66),
    ]
}

/// Places in an area or two; seldom in one that does not exist, none at all, more than there
/// ever are, or on too many lines.
fn lines() -> impl Strategy<Value = Vec<Line>> {
    let count = || prop_oneof![30 => 1_u32..5, 2 => 5_u32..9, 1 => Just(0), 1 => Just(u32::MAX)];
    let kind = || prop::option::weighted(0.9, 0_usize..5);
    let line = move |areas: usize| {
        (0..areas, kind(), count()).prop_map(|(area, kind, count)| Line { area, kind, count })
    };
    prop_oneof![
        20 => prop::collection::vec(line(AREAS.len()), 1..3),
        4 => prop::collection::vec(line(AREAS.len()), 3..6),
        2 => prop::collection::vec(line(AREAS.len() + 1), 1..4),
        1 => prop::collection::vec(line(AREAS.len()), 65..66),
    ]
}

fn target() -> BoxedStrategy<Target> {
    let stranger = prop::option::weighted(0.1, 0..BUYERS);
    let part = prop_oneof![
        5 => Just(Part::Whole),
        3 => any::<u64>().prop_map(Part::Chosen),
        2 => asked().prop_map(Part::Named),
    ];
    (any::<usize>(), stranger, part)
        .prop_map(|(number, stranger, part)| Target { number, stranger, part })
        .boxed()
}
