//! What may happen, drawn at random: mostly sensible, now and then not.

use proptest::prelude::*;

use crate::venue::SPOTS;

/// How many buyers there are.
pub(crate) const BUYERS: usize = 4;

/// An event's rules, times in milliseconds from the start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) ttl_millis: u64,
    pub(crate) extensions_max: u16,
    pub(crate) buyer_seats_max: Option<u32>,
    pub(crate) opens_at: Option<u64>,
    pub(crate) closes_at: Option<u64>,
}

/// Something that happens.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Op {
    Place {
        buyer: usize,
        seats: Vec<usize>,
    },
    Best {
        buyer: usize,
        wish: Wish,
    },
    Extend(Target),
    Release(Target),
    Allocate(Target),
    Return(Target),
    Block(Vec<usize>),
    Unblock(Vec<usize>),
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
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Wish {
    pub(crate) quantity: usize,
    pub(crate) section: Option<u32>,
    pub(crate) category: Option<u32>,
    pub(crate) accessible: bool,
}

/// A hold or a sale by its number; drawn beyond the last one, it wraps around, and may be the
/// next one, which does not exist yet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Target {
    pub(crate) number: usize,
    /// Who asks: its buyer if `None`.
    pub(crate) stranger: Option<usize>,
    pub(crate) part: Option<Vec<usize>>,
}

pub(crate) fn rules() -> impl Strategy<Value = Rules> {
    let limit = prop::option::of(1_u32..8);
    let opens_at = prop::option::weighted(0.3, 1_u64..20_000);
    let closes_after = prop::option::weighted(0.3, 1_u64..200_000);
    (1_000_u64..60_000, 0_u16..4, limit, opens_at, closes_after).prop_map(
        |(ttl_millis, extensions_max, buyer_seats_max, opens_at, closes_after)| Rules {
            ttl_millis,
            extensions_max,
            buyer_seats_max,
            opens_at,
            closes_at: closes_after.map(|millis| opens_at.unwrap_or(0) + millis),
        },
    )
}

pub(crate) fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        20 => command(),
        4 => (0_u64..20_000, any::<bool>())
            .prop_map(|(millis, expire)| Op::Pass { millis, expire }),
        2 => any::<usize>().prop_map(Op::Again),
        1 => (any::<usize>(), command())
            .prop_map(|(number, other)| Op::OtherUnder(number, Box::new(other))),
    ]
}

fn command() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (0..BUYERS, seats()).prop_map(|(buyer, seats)| Op::Place { buyer, seats }),
        6 => (0..BUYERS, wish()).prop_map(|(buyer, wish)| Op::Best { buyer, wish }),
        2 => target().prop_map(Op::Extend),
        4 => target().prop_map(Op::Release),
        5 => target().prop_map(Op::Allocate),
        3 => target().prop_map(Op::Return),
        1 => seats().prop_map(Op::Block),
        2 => seats().prop_map(Op::Unblock),
    ]
}

fn wish() -> impl Strategy<Value = Wish> {
    // Quantities beyond the limit, and a section and a category that do not exist, among them.
    let quantity = prop_oneof![30 => 1_usize..5, 3 => 5_usize..9, 1 => Just(0), 1 => Just(65)];
    let section = prop::option::weighted(0.3, 0_u32..3);
    let category = prop::option::weighted(0.3, 0_u32..3);
    (quantity, section, category, prop::bool::weighted(0.2)).prop_map(
        |(quantity, section, category, accessible)| Wish {
            quantity,
            section,
            category,
            accessible,
        },
    )
}

/// A few seats; seldom one that does not exist, one twice, none, or too many.
fn seats() -> impl Strategy<Value = Vec<usize>> {
    let few = || prop::collection::vec(0..SPOTS, 1..4);
    prop_oneof![
        20 => few(),
        2 => prop::collection::vec(0..SPOTS + 3, 1..8),
        1 => few().prop_map(|seats| [seats.as_slice(), &seats[..1]].concat()),
        1 => prop::collection::vec(0..SPOTS, 0..1),
        1 => prop::collection::vec(0..SPOTS, 65..66),
    ]
}

fn target() -> impl Strategy<Value = Target> {
    let stranger = prop::option::weighted(0.1, 0..BUYERS);
    let part = prop::option::weighted(0.4, seats());
    (any::<usize>(), stranger, part).prop_map(|(number, stranger, part)| Target {
        number,
        stranger,
        part,
    })
}
