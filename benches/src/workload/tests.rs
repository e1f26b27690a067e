//! The generator: nothing twice, two in five, and on to the next event.

use std::collections::HashSet;
use std::sync::atomic::AtomicUsize;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;

fn random(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn load(events: u32, seats: u32) -> Load {
    Load {
        events,
        seats,
        clients: 1,
        depth: 1,
        warm_up: Duration::from_secs(1),
        measured: Duration::from_secs(4),
        seed: 1,
    }
}

#[test]
fn a_seat_that_is_taken_is_not_picked_again() {
    let (sale, mut random) = (Sale::new(3, 200, 12), random(7));
    let mut taken = HashSet::new();
    let mut held: Vec<Pick> = Vec::new();
    for turn in 0..2_000 {
        let Some(pick) = sale.next_place(&mut random) else { break };
        assert_ne!(pick.seats[0], pick.seats[1], "turn {turn}");
        for seat in pick.seats {
            assert!(seat < 200);
            assert!(taken.insert((pick.event, seat)), "turn {turn}: {pick:?} was taken");
        }
        held.push(pick);
        if turn % 3 == 0 {
            let back = held.swap_remove(turn % held.len());
            sale.released(&back);
            back.seats.iter().for_each(|seat| assert!(taken.remove(&(back.event, *seat))));
        } else if turn % 3 == 1 {
            sale.sold(&held.swap_remove(turn % held.len()));
        }
    }
    assert!(taken.len() > 12 * 170, "only {} seats were taken", taken.len());
}

#[test]
fn clients_at_the_same_time_never_get_the_same_seat() {
    let sale = Sale::new(1, 5_000, 4);
    let owners: Vec<AtomicUsize> = (0..4 * 5_000).map(|_| AtomicUsize::new(0)).collect();
    std::thread::scope(|scope| {
        for client in 0..4 {
            let (sale, owners) = (&sale, &owners);
            scope.spawn(move || {
                let mut random = random(client);
                while let Some(pick) = sale.next_place(&mut random) {
                    let owner = |seat| &owners[pick.event as usize * 5_000 + seat as usize];
                    for seat in pick.seats {
                        assert_eq!(owner(seat).fetch_add(1, Relaxed), 0, "{pick:?}");
                    }
                    if sale.fate(&mut random) == Fate::Release {
                        pick.seats.iter().for_each(|seat| {
                            owner(*seat).fetch_sub(1, Relaxed);
                        });
                        sale.released(&pick);
                    } else {
                        sale.sold(&pick);
                    }
                }
            });
        }
    });
    let sold: usize = owners.iter().map(|owner| owner.load(Relaxed)).sum();
    assert_eq!(sale.seats_sold(), sold as u64);
    // What came back after its event was left is not sold again.
    assert!(sold >= 4 * 4_400, "{sold}");
}

#[test]
fn two_in_five_holds_are_allocated() {
    let (sale, mut random) = (Sale::new(1, 50_000, 1), random(3));
    let holds = 100_000;
    let allocated = (0..holds).filter(|_| sale.fate(&mut random) == Fate::Allocate).count();
    assert!((39_000..41_000).contains(&allocated), "{allocated}");
}

#[test]
fn an_event_is_left_at_nine_tenths_and_the_last_one_ends_the_sale() {
    let (sale, mut random) = (Sale::new(1, 1_000, 2), random(5));
    let picks: Vec<_> = std::iter::from_fn(|| sale.next_place(&mut random)).collect();
    let first = picks.iter().filter(|pick| pick.event == 0).count();
    assert_eq!((first, picks.len()), (450, 900));
    assert!(picks.is_sorted_by_key(|pick| pick.event));
    // What comes back belongs to an event that was left.
    sale.released(&picks[0]);
    assert_eq!(sale.next_place(&mut random), None);
}

#[test]
fn many_events_are_on_sale_at_the_same_time() {
    let (sale, mut random) = (Sale::new(100, 1_000, 200), random(5));
    let mut by_event = [0_u32; 200];
    for _ in 0..10_000 {
        let pick = sale.next_place(&mut random).expect("seats are left");
        by_event[pick.event as usize] += 1;
    }
    assert!(by_event[..100].iter().all(|picks| (50..200).contains(picks)), "{by_event:?}");
    assert!(by_event[100..].iter().all(|picks| *picks == 0), "{by_event:?}");
    assert_eq!(sale.events_touched().count(), 100);
}

#[test]
fn the_same_seed_sells_the_same_seats() {
    let picks = |seed| {
        let (sale, mut random) = (Sale::new(4, 500, 4), random(seed));
        (0..300).map(|_| sale.next_place(&mut random)).collect::<Vec<_>>()
    };
    assert_eq!(picks(9), picks(9));
    assert_ne!(picks(9), picks(10));
}

#[test]
fn as_many_events_are_there_as_the_rate_can_sell() {
    // Three rounds of five seconds at 90,000 operations sell 540,000 seats, 12 events.
    assert_eq!(load(1, 50_000).events_needed(3, 90_000.0), 13);
    // A few seats of each, or so many that some may be left.
    assert_eq!(load(1_000, 50_000).events_needed(3, 90_000.0), 1_000);
    assert_eq!(load(1_000, 1_000).events_needed(3, 90_000.0), 2_000);
    assert_eq!(load(1, 50_000).events_needed(3, 0.0), 1);
    assert_eq!(Sale::of(&load(1, 50_000), 3, 90_000.0).events_in_all(), 13);
}
