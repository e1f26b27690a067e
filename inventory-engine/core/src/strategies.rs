//! What is stored, drawn by chance: facts and images that may be of no history at all, with
//! everything that their encoding has room for. For the property tests of every crate that writes
//! them down.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::digest::Digest;
use crate::fact::{Change, Fact, RequestMark};
use crate::ids::{
    AllocationId, AreaIndex, BuyerId, CategoryIndex, ChartHash, EventId, HoldId, Lsn, RequestId,
    SeatIndex, ShardId, TicketTypeIndex,
};
use crate::rules::EventRules;
use crate::spots::{AreaPlaces, SeatSpot, Spots};
use crate::state::{Allocation, EndedHold, Ending, EventImage, Hold, ShardImage};
use crate::ticket_type::TicketType;
use crate::time::Timestamp;

/// A point in time.
pub fn timestamp() -> impl Strategy<Value = Timestamp> {
    any::<u64>().prop_map(Timestamp)
}

/// The id of a hold that nobody placed.
pub fn hold_id() -> impl Strategy<Value = HoldId> {
    any::<u128>().prop_map(HoldId)
}

/// The id of an allocation that nobody made.
pub fn allocation_id() -> impl Strategy<Value = AllocationId> {
    any::<u128>().prop_map(AllocationId)
}

/// A time-ordered or a hashed id.
pub fn request_id() -> impl Strategy<Value = RequestId> {
    (any::<u128>(), select(vec![7_u128, 8])).prop_map(|(bits, version)| {
        let uuid = bits & !(0xf << 76 | 0b11 << 62) | version << 76 | 0b10 << 62;
        RequestId::new(uuid).expect("the version and the variant of an id")
    })
}

/// A short name, in whatever letters.
pub fn buyer_id() -> impl Strategy<Value = BuyerId> {
    "\\PC{1,16}".prop_map(|text| BuyerId::new(&text).expect("at most 64 bytes"))
}

fn ticket_type_index() -> impl Strategy<Value = Option<TicketTypeIndex>> {
    option::of((0..u16::MAX).prop_map(TicketTypeIndex))
}

/// Seats and places, more seats than a list has room for without an allocation among them.
pub fn spots() -> impl Strategy<Value = Spots> {
    let seat = (any::<u32>(), ticket_type_index());
    let seat = seat.prop_map(|(seat, ticket_type)| SeatSpot { seat: SeatIndex(seat), ticket_type });
    let area = (any::<u32>(), ticket_type_index(), any::<u32>());
    let area = area.prop_map(|(area, ticket_type, count)| AreaPlaces {
        area: AreaIndex(area),
        ticket_type,
        count,
    });
    (vec(seat, 0..20), vec(area, 0..5))
        .prop_map(|(seats, areas)| Spots { seats: seats.into(), areas })
}

/// Rules by which nothing could be sold among them.
pub fn rules() -> impl Strategy<Value = EventRules> {
    let window = (option::of(timestamp()), option::of(timestamp()));
    (any::<u64>(), any::<u16>(), option::of(any::<u32>()), window).prop_map(
        |(hold_ttl_millis, extensions_max, buyer_seats_max, (sale_opens_at, sale_closes_at))| {
            EventRules {
                hold_ttl_millis,
                extensions_max,
                buyer_seats_max,
                sale_opens_at,
                sale_closes_at,
            }
        },
    )
}

/// A ticket type.
pub fn ticket_type() -> impl Strategy<Value = TicketType> {
    let window = (option::of(timestamp()), option::of(timestamp()));
    let categories = vec(any::<u32>().prop_map(CategoryIndex), 0..5);
    ("\\PC{0,16}", option::of(any::<u32>()), window, categories).prop_map(
        |(key, quota, (sale_opens_at, sale_closes_at), categories)| TicketType {
            key: key.into(),
            quota,
            sale_opens_at,
            sale_closes_at,
            categories,
        },
    )
}

fn chart_hash() -> impl Strategy<Value = ChartHash> {
    any::<[u8; 32]>().prop_map(ChartHash)
}

/// A change of any kind.
pub fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        ("\\PC{0,60}", chart_hash(), rules(), vec(ticket_type(), 0..4)).prop_map(
            |(name, chart, rules, ticket_types)| {
                Change::EventCreated { name: name.into(), chart, rules, ticket_types }
            }
        ),
        Just(Change::EventClosed),
        (hold_id(), buyer_id(), spots(), timestamp()).prop_map(
            |(hold_id, buyer_id, spots, deadline)| {
                Change::HoldPlaced { hold_id, buyer_id, spots, deadline }
            }
        ),
        (hold_id(), timestamp())
            .prop_map(|(hold_id, deadline)| Change::HoldExtended { hold_id, deadline }),
        (hold_id(), spots()).prop_map(|(hold_id, spots)| Change::HoldReleased { hold_id, spots }),
        (hold_id(), allocation_id(), buyer_id(), spots()).prop_map(
            |(hold_id, allocation_id, buyer_id, spots)| {
                Change::HoldAllocated { hold_id, allocation_id, buyer_id, spots }
            }
        ),
        (hold_id(), spots()).prop_map(|(hold_id, spots)| Change::HoldExpired { hold_id, spots }),
        (allocation_id(), spots())
            .prop_map(|(allocation_id, spots)| Change::SpotsReturned { allocation_id, spots }),
        spots().prop_map(|spots| Change::SpotsBlocked { spots }),
        spots().prop_map(|spots| Change::SpotsUnblocked { spots }),
    ]
}

/// A fact of any kind.
pub fn fact() -> impl Strategy<Value = Fact> {
    let request = (request_id(), any::<u64>());
    let request = request.prop_map(|(id, fingerprint)| RequestMark { id, fingerprint });
    (any::<u64>(), timestamp(), any::<u64>(), option::of(request), change()).prop_map(
        |(lsn, at, event_id, request, change)| Fact {
            lsn: Lsn(lsn),
            at,
            event_id: EventId(event_id),
            request,
            change,
        },
    )
}

/// The image of a shard that contradicts itself in every way.
pub fn image() -> impl Strategy<Value = ShardImage> {
    let head = (any::<u16>(), any::<u64>(), timestamp(), any::<u128>(), any::<u128>());
    let lists = (
        vec(event_image(), 0..3),
        vec(hold(), 0..4),
        vec(allocation(), 0..4),
        vec(ended_hold(), 0..4),
        vec(fact(), 0..4),
    );
    (head, lists).prop_map(|(head, (events, holds, allocations, ended_holds, requests))| {
        let (shard, last_lsn, last_at, newest_forgotten, digest) = head;
        ShardImage {
            shard: ShardId(shard),
            last_lsn: Lsn(last_lsn),
            last_at,
            newest_forgotten,
            digest: Digest(digest),
            events,
            holds,
            allocations,
            ended_holds,
            requests: requests.iter().collect(),
        }
    })
}

fn event_image() -> impl Strategy<Value = EventImage> {
    let sale = ("\\PC{0,60}", chart_hash(), rules(), vec(ticket_type(), 0..3));
    let times = (timestamp(), option::of(timestamp()));
    let blocked_seats = vec((any::<u32>().prop_map(SeatIndex), any::<u32>()), 0..3);
    let blocked_places = vec((any::<u32>().prop_map(AreaIndex), any::<u32>()), 0..3);
    (any::<u64>(), sale, times, blocked_seats, blocked_places).prop_map(
        |(id, (name, chart, rules, ticket_types), times, blocked_seats, blocked_places)| {
            EventImage {
                id: EventId(id),
                name: name.into(),
                chart,
                rules,
                ticket_types,
                created_at: times.0,
                closed_at: times.1,
                blocked_seats,
                blocked_places,
            }
        },
    )
}

fn hold() -> impl Strategy<Value = Hold> {
    (hold_id(), any::<u64>(), buyer_id(), spots(), timestamp(), any::<u16>()).prop_map(
        |(id, event_id, buyer_id, spots, deadline, extensions)| Hold {
            id,
            event_id: EventId(event_id),
            buyer_id,
            spots,
            deadline,
            extensions,
        },
    )
}

fn allocation() -> impl Strategy<Value = Allocation> {
    (allocation_id(), hold_id(), any::<u64>(), buyer_id(), spots(), timestamp()).prop_map(
        |(id, hold_id, event_id, buyer_id, spots, allocated_at)| Allocation {
            id,
            hold_id,
            event_id: EventId(event_id),
            buyer_id,
            spots,
            allocated_at,
        },
    )
}

fn ended_hold() -> impl Strategy<Value = EndedHold> {
    let ending = select(vec![Ending::Expired, Ending::Released, Ending::Allocated]);
    (hold_id(), any::<u64>(), buyer_id(), ending, timestamp()).prop_map(
        |(id, event_id, buyer_id, ending, at)| EndedHold {
            id,
            event_id: EventId(event_id),
            buyer_id,
            ending,
            at,
        },
    )
}
