//! No image makes `restore` panic: one of a real state, with numbers of it altered by chance, is
//! refused, or restored as just what it says.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;

/// One number of an image, and what it becomes.
#[derive(Clone, Copy, Debug)]
struct Edit {
    field: usize,
    of: Index,
    number: u64,
}

fn edit() -> impl Strategy<Value = Edit> {
    // As they stand in this image, and at the ends of what there is.
    let number = prop_oneof![
        8 => 0..12_u64,
        1 => select(vec![u64::from(u32::MAX), u64::from(u32::MAX) - 5, 1 << 48, u64::MAX]),
    ];
    (0..FIELDS.len(), any::<Index>(), number).prop_map(|(field, of, number)| Edit {
        field,
        of,
        number,
    })
}

/// Where numbers stand, with one of several chosen by the index.
const FIELDS: &[fn(&mut ShardImage, Index, u64)] = &[
    |image, _, number| image.last_lsn.0 = number,
    |image, _, number| image.last_at.0 = number,
    |image, _, number| image.newest_forgotten = u128::from(number) << 80,
    |image, _, number| image.shard.0 = number as u16,
    |image, _, number| image.events[0].id.0 = number,
    |image, _, number| image.events[0].created_at.0 = number,
    |image, _, number| {
        // An edit may have left none.
        let ticket_types = image.events[0].ticket_types.iter_mut();
        ticket_types.for_each(|of| of.quota = Some(number as u32));
    },
    |image, _, _| image.events[0].ticket_types.clear(),
    |image, _, number| image.events[0].blocked_seats[0].0.0 = number as u32,
    |image, _, number| image.events[0].blocked_seats[0].1 = number as u32,
    |image, _, number| image.events[0].blocked_seats.push((SeatIndex(number as u32), 1)),
    |image, _, number| image.events[0].blocked_places.push((AreaIndex(number as u32), 1)),
    |image, of, number| image.events[0].blocked_places.push((area(of), number as u32)),
    |image, of, number| the_hold(image, of).id.0 ^= u128::from(number) << 64,
    |image, of, number| the_hold(image, of).event_id.0 = number,
    |image, of, number| the_hold(image, of).deadline.0 = number,
    |image, of, number| the_hold(image, of).spots.seats[0].seat.0 = number as u32,
    |image, of, _| the_hold(image, of).spots.seats.clear(),
    |image, of, _| the_hold(image, of).spots.areas.clear(),
    |image, of, number| the_hold(image, of).spots.areas.push(places(of, number)),
    |image, of, number| {
        the_hold(image, of).spots.seats[0].ticket_type = Some(TicketTypeIndex(number as u16));
    },
    |image, of, number| image.allocations[0].spots.areas.push(places(of, number)),
    |image, _, number| image.allocations[0].id.0 ^= u128::from(number) << 64,
    |image, _, number| image.allocations[0].spots.seats[0].seat.0 = number as u32,
    |image, _, number| image.ended_holds[0].id.0 ^= u128::from(number) << 64,
    |image, _, number| image.ended_holds[0].event_id.0 = number,
    |image, of, number| edit_fact(image, of, |fact| fact.lsn.0 = number),
    |image, of, number| edit_fact(image, of, |fact| fact.event_id.0 = number),
    |image, of, _| edit_fact(image, of, |fact| fact.request = None),
];

fn the_hold(image: &mut ShardImage, of: Index) -> &mut Hold {
    let holds = &mut image.holds;
    // An edit may have left it without seats, and others name its first.
    let hold = of.index(holds.len());
    if holds[hold].spots.seats.is_empty() {
        holds[hold].spots.seats = spots(&[9], 1).seats;
    }
    &mut holds[hold]
}

fn area(of: Index) -> AreaIndex {
    AreaIndex(of.index(3) as u32)
}

fn places(of: Index, number: u64) -> AreaPlaces {
    AreaPlaces { area: area(of), ticket_type: None, count: number as u32 }
}

fn edit_fact(image: &mut ShardImage, of: Index, change: impl FnOnce(&mut Fact)) {
    super::edit(image, |facts| {
        let fact = of.index(facts.len());
        change(&mut facts[fact]);
    });
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn an_altered_image_is_refused_or_restored_as_it_says(edits in vec(edit(), 1..5)) {
        let mut image = state().image();
        for Edit { field, of, number } in edits {
            FIELDS[field](&mut image, of, number);
        }
        // Said to be what it is, so that not only the digest refuses it.
        for _ in 0..2 {
            match restore(image.clone()) {
                Err(ImageError::DigestDiffers { found, .. }) => image.digest = found,
                Err(_) => break,
                Ok(restored) => prop_assert_eq!(restored.image(), image.clone()),
            }
        }
    }
}
