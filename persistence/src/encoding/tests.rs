//! Golden bytes of every kind of fact, round trips of any fact, and bytes that are no fact.
//! A golden byte that changes is a journal that can no longer be read.

use std::sync::Arc;

use inventory_core::fact::{Change, Fact, RequestMark};
use inventory_core::ids::{
    AllocationId, AreaIndex, BuyerId, CategoryIndex, ChartHash, EventId, HoldId, Lsn, RequestId,
    SeatIndex, TicketTypeIndex,
};
use inventory_core::limits::{
    AREA_LINES_MAX, BUYER_ID_BYTES_MAX, EVENT_NAME_BYTES_MAX, HOLD_SEATS_MAX,
    TICKET_TYPE_CATEGORIES_MAX, TICKET_TYPE_KEY_BYTES_MAX, TICKET_TYPES_MAX,
};
use inventory_core::rules::EventRules;
use inventory_core::spots::{AreaPlaces, SeatSpot, Spots};
use inventory_core::strategies::fact;
use inventory_core::ticket_type::TicketType;
use inventory_core::time::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::limits::{
    FACT_BYTES_MAX, FACT_FRAME_BYTES_MAX, FACT_SEATS_MAX, FACT_TICKET_TYPES_BYTES_MAX,
};
use crate::testing::all_changes;

/// Version, time, event 7, no request.
const FRAME: &str = "02 0068e5cf8b010000 0700000000000000 00";
const HOLD: &str = "88776655443322110500000000 00c800";
const ALLOCATION: &str = "88776655443322110600000000 00c800";
const ANN: &str = "0300 616e6e";
/// Two seats, no ticket types, no areas.
const SEATS: &str = "02000000 00 01000000 02010000 0000";
const DEADLINE: &str = "a023f3cf8b010000";

fn fact_of(request: Option<RequestMark>, change: Change) -> Fact {
    let (lsn, at) = (Lsn(5), Timestamp(1_700_000_000_000));
    Fact { lsn, at, event_id: EventId(7), request, change }
}

fn encode(facts: &[Fact]) -> Vec<u8> {
    let facts: Vec<Arc<Fact>> = facts.iter().cloned().map(Arc::new).collect();
    let mut bytes = Vec::new();
    write_facts(&facts, &mut bytes);
    bytes
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: String = hex.split_whitespace().collect();
    (0..digits.len() / 2)
        .map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap())
        .collect()
}

/// The change of this name is stored as these bytes, behind a frame without a request.
fn check(name: &str, expected: &[&str]) {
    let mut changes = all_changes().into_iter();
    let change = changes.find(|change| change.name() == name).unwrap();
    check_change(change, expected);
}

fn check_change(change: Change, expected: &[&str]) {
    let name = change.name();
    let golden = bytes_of(&format!("{FRAME} {}", expected.join(" ")));
    let fact = fact_of(None, change);
    assert_eq!(encode(std::slice::from_ref(&fact)), golden, "{name} is stored otherwise");
    assert_eq!(read_facts(&golden, Lsn(5), 1), Ok(vec![fact]), "{name} reads otherwise");
}

#[test]
fn golden_event_created() {
    let chart = "ab".repeat(32);
    let rules = "a0bb0d0000000000 0300 01 08000000 01 ff67e5cf8b010000 00";
    let adult = "0500 6164756c74 01 28000000 00 01 a023f3cf8b010000 0200 00000000 03000000";
    let child = "0500 6368696c64 00 00 00 0000";
    check("event_created", &["01", "0400 47616c61", &chart, rules, "0200", adult, child]);
}

#[test]
fn golden_event_closed() {
    check("event_closed", &["0a"]);
}

#[test]
fn golden_ticket_types_and_areas() {
    let change = all_changes().pop().unwrap();
    let seats = "02000000 01 07000000 0200 08000000 0000";
    let areas = "0200 00000000 0200 03000000 41000000 0000 70110100";
    check_change(change, &["02", HOLD, ANN, DEADLINE, seats, areas]);
}

#[test]
fn golden_hold_placed() {
    check("hold_placed", &["02", HOLD, ANN, DEADLINE, SEATS]);
}

#[test]
fn golden_hold_extended() {
    check("hold_extended", &["03", HOLD, DEADLINE]);
}

#[test]
fn golden_hold_released() {
    check("hold_released", &["04", HOLD, SEATS]);
}

#[test]
fn golden_hold_allocated() {
    check("hold_allocated", &["05", HOLD, ALLOCATION, ANN, SEATS]);
}

#[test]
fn golden_hold_expired() {
    check("hold_expired", &["06", HOLD, SEATS]);
}

#[test]
fn golden_spots_returned() {
    check("spots_returned", &["07", ALLOCATION, SEATS]);
}

#[test]
fn golden_spots_blocked() {
    check("spots_blocked", &["08", SEATS]);
}

#[test]
fn golden_spots_unblocked() {
    check("spots_unblocked", &["09", SEATS]);
}

#[test]
fn golden_request() {
    let id = RequestId::new(0x0190_0000_0000_7000_8000_0000_0000_002a).unwrap();
    let request = Some(RequestMark { id, fingerprint: 0x0102 });
    let fact = fact_of(request, Change::SpotsBlocked { spots: Spots::default() });
    let golden = bytes_of(
        "02 0068e5cf8b010000 0700000000000000
         01 2a00000000000080 0070000000009001 0201000000000000
         08 00000000 00 0000",
    );
    assert_eq!(encode(std::slice::from_ref(&fact)), golden);
    assert_eq!(read_facts(&golden, Lsn(5), 1), Ok(vec![fact]));
}

#[test]
fn the_longest_facts_fit_the_limits() {
    let id = RequestId::new(0x0190_0000_0000_7000_8000_0000_0000_002a).unwrap();
    let request = Some(RequestMark { id, fingerprint: u64::MAX });
    let at = Some(Timestamp(u64::MAX));
    let rules = EventRules {
        buyer_seats_max: Some(1),
        sale_opens_at: at,
        sale_closes_at: at,
        ..EventRules::default()
    };
    let name = "n".repeat(EVENT_NAME_BYTES_MAX).into();
    let ticket_types = vec![
        TicketType {
            key: "k".repeat(TICKET_TYPE_KEY_BYTES_MAX).into(),
            quota: Some(1),
            sale_opens_at: at,
            sale_closes_at: at,
            categories: vec![CategoryIndex(1); TICKET_TYPE_CATEGORIES_MAX],
        };
        TICKET_TYPES_MAX
    ];
    let created = Change::EventCreated { name, chart: ChartHash([1; 32]), rules, ticket_types };
    let created = encode(&[fact_of(request, created)]);
    assert!(created.len() <= FACT_FRAME_BYTES_MAX + FACT_TICKET_TYPES_BYTES_MAX);
    let typed = Some(TicketTypeIndex(1));
    let spots = Spots {
        seats: vec![SeatSpot { seat: SeatIndex(1), ticket_type: typed }; FACT_SEATS_MAX].into(),
        areas: vec![
            AreaPlaces { area: AreaIndex(1), ticket_type: typed, count: 1 };
            AREA_LINES_MAX
        ],
    };
    let allocated = Change::HoldAllocated {
        hold_id: HoldId(1),
        allocation_id: AllocationId(2),
        buyer_id: BuyerId::new(&"b".repeat(BUYER_ID_BYTES_MAX)).unwrap(),
        spots,
    };
    let fact = fact_of(request, allocated);
    let bytes = encode(std::slice::from_ref(&fact));
    assert!(bytes.len() <= FACT_BYTES_MAX);
    assert_eq!(read_facts(&bytes, Lsn(5), 1), Ok(vec![fact]));
}

#[test]
fn no_end_of_a_hold_takes_more_than_is_reckoned() {
    let id = RequestId::new(0x0190_0000_0000_7000_8000_0000_0000_002a).unwrap();
    let request = Some(RequestMark { id, fingerprint: u64::MAX });
    let (hold_id, allocation_id) = (HoldId(1), AllocationId(2));
    let buyer_id = BuyerId::new(&"b".repeat(BUYER_ID_BYTES_MAX)).unwrap();
    for spots in 1..=HOLD_SEATS_MAX + AREA_LINES_MAX + 9 {
        let (area, seat) = (AreaIndex(u32::MAX), SeatIndex(u32::MAX));
        let ticket_type = Some(TicketTypeIndex(7));
        let lines = spots.min(AREA_LINES_MAX);
        let areas = vec![AreaPlaces { area, ticket_type, count: 1 }; lines];
        let seats = vec![SeatSpot { seat, ticket_type }; (spots - lines).min(HOLD_SEATS_MAX)];
        let whole = Spots { seats: seats.into(), areas };
        let endings = [
            Change::HoldReleased { hold_id, spots: whole.clone() },
            Change::HoldExpired { hold_id, spots: whole.clone() },
            Change::HoldAllocated {
                hold_id,
                allocation_id,
                buyer_id: buyer_id.clone(),
                spots: whole,
            },
        ];
        let bytes =
            endings.map(|change| RECORD_HEADER_BYTES + encode(&[fact_of(request, change)]).len());
        let longest = bytes.into_iter().max().unwrap().next_multiple_of(RECORD_ALIGNMENT);
        assert_eq!(ending_bytes_max(spots), longest, "{spots} spots");
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let problem = |hex: &str| read_facts(&bytes_of(hex), Lsn(1), 1).unwrap_err();
    let frame = |rest: &str| format!("{FRAME} {rest}");
    let cut = |needed, left| Problem::CutShort { needed, left };
    let too_long = |what, length, max| Problem::TooLong { what, length, max };
    let check = |hex: &str, offset, expected: Problem| {
        assert_eq!(problem(hex), DecodeError { offset, problem: expected }, "{hex}");
    };
    check("", 0, cut(1, 0));
    check("03 00", 0, Problem::UnknownVersion { found: 3, known: 2 });
    check(&frame("63 00000000"), 18, Problem::UnknownChange(0x63));
    let flag = FRAME.strip_suffix("00").unwrap();
    check(&format!("{flag} 02 08 00000000"), 17, Problem::NotAFlag(2));
    check(&frame("08 00000000 02"), 22 + 1, Problem::NotAFlag(2));
    check(&frame("08 01000000 01 01000000 0000"), 23, Problem::NoTicketType);
    check(&frame("08 00000000 00 0000 00"), 26, Problem::Trailing(1));
    check(&frame("08 02000000 00 01000000"), 24, cut(8, 4));
    let lines = AREA_LINES_MAX + 1;
    check(&frame("08 00000000 00 4100"), 26, too_long("a list of areas", lines, AREA_LINES_MAX));
    let seats = FACT_SEATS_MAX + 1;
    let many = format!("08 {}", hex_of(&(seats as u32).to_le_bytes()));
    check(&frame(&many), 23, too_long("a list of seats", seats, FACT_SEATS_MAX));
    check(&frame(&format!("02 {HOLD} 4100")), 37, too_long("a buyer id", 65, 64));
    check(&frame(&format!("02 {HOLD} 0200 c328 {DEADLINE} {SEATS}")), 37, Problem::NotText);
    assert!(problem("03 00").is_of_newer_release());
    assert!(problem(&frame("63 00000000")).is_of_newer_release());
    assert!(!problem("").is_of_newer_release());
    let none_for_all = read_facts(&bytes_of(FRAME), Lsn(u64::MAX), 0);
    assert!(none_for_all.is_err(), "bytes that no fact accounts for");
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Facts of one batch, whose LSNs begin anywhere.
fn batch() -> impl Strategy<Value = Vec<Fact>> {
    (1..u64::MAX / 2, vec(fact(), 1..12)).prop_map(|(first_lsn, mut facts)| {
        for (lsn, fact) in (first_lsn..).zip(&mut facts) {
            fact.lsn = Lsn(lsn);
        }
        facts
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn what_is_written_reads_back(facts in batch(), other_count in 0..40_usize) {
        let (bytes, first_lsn) = (encode(&facts), facts[0].lsn);
        if other_count != facts.len() {
            prop_assert!(read_facts(&bytes, first_lsn, other_count).is_err());
        }
        prop_assert_eq!(read_facts(&bytes, first_lsn, facts.len()), Ok(facts));
    }

    #[test]
    fn what_is_cut_short_is_refused(facts in batch(), at in any::<Index>()) {
        let bytes = encode(&facts);
        let length = at.index(bytes.len());
        prop_assert!(read_facts(&bytes[..length], Lsn(1), facts.len()).is_err());
    }

    #[test]
    fn bytes_that_read_are_the_only_encoding_of_their_facts(
        facts in batch(),
        at in any::<Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = encode(&facts);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(read) = read_facts(&bytes, Lsn(1), facts.len()) {
            prop_assert_eq!(encode(&read), bytes);
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(
        mut bytes in vec(any::<u8>(), 0..200),
        has_version in any::<bool>(),
        first_lsn in any::<u64>(),
        count in any::<usize>(),
        few in 0..4_usize,
    ) {
        if has_version && !bytes.is_empty() {
            bytes[0] = PAYLOAD_VERSION;
        }
        for count in [count, few] {
            if let Ok(facts) = read_facts(&bytes, Lsn(first_lsn), count) {
                prop_assert_eq!(facts.len(), count);
            }
        }
    }
}
