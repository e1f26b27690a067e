//! Buyers in a hurry: they hold seats and places, buy them, give them back, or forget them; and
//! an organizer who blocks and unblocks. All of it as fast as the engine answers.

use inventory_core::command::{
    Allocate, Block, Command, Extend, Part, Place, Release, Return, Selection, Unblock, Verb,
};
use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{AreaIndex, BuyerId, EventId, SeatIndex, TicketTypeIndex};
use inventory_core::spots::{AreaPlaces, SeatSpot, Spots};
use inventory_engine::answer::Answer;
use inventory_engine::ask::Ask;
use inventory_engine::engine::Handle;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

use crate::house::{AREA_CAPACITIES, EVENT, ROW_SEATS, ROWS, request_id};

/// Numbers that look random (Marsaglia's xorshift).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 32) as u32) % limit
    }
}

/// Buys and gives back until it is over.
pub(crate) async fn buy(handle: Handle, number: u64, neighbour: EventId, over: CancellationToken) {
    let mut dice = Dice::new(number + 1);
    let buyer_id = BuyerId::new(&format!("b{number}")).unwrap();
    while !over.is_cancelled() {
        let event_id = if dice.below(10) == 0 { neighbour } else { EVENT };
        let spots = choose(&mut dice);
        if dice.below(20) == 0 {
            let spots = untyped(spots);
            let block = Verb::Block(Block { event_id, spots: spots.clone() });
            if ask(&handle, block).await.is_some() {
                ask(&handle, Verb::Unblock(Unblock { event_id, spots })).await;
            }
            continue;
        }
        let selection = Selection::Spots(spots);
        let buyer = || buyer_id.clone();
        let placed = Verb::Place(Place { event_id, buyer_id: buyer(), selection });
        let Some(placed) = ask(&handle, placed).await else { continue };
        let Change::HoldPlaced { hold_id, .. } = placed.change else { panic!("{placed:?}") };
        match dice.below(8) {
            0 => {}
            1 => {
                ask(&handle, Verb::Extend(Extend { hold_id, buyer_id: buyer() })).await;
            }
            2..=4 => {
                let release = Release { hold_id, buyer_id: buyer(), part: Part::Whole };
                ask(&handle, Verb::Release(release)).await;
            }
            what => {
                let allocate = Allocate { hold_id, buyer_id: buyer(), part: Part::Whole };
                let sold = ask(&handle, Verb::Allocate(allocate)).await;
                let Some(Change::HoldAllocated { allocation_id, .. }) =
                    sold.as_ref().map(|fact| &fact.change)
                else {
                    continue;
                };
                if what != 5 {
                    let part = Part::Whole;
                    let allocation_id = *allocation_id;
                    let give_back = Return { allocation_id, buyer_id: buyer(), part };
                    ask(&handle, Verb::Return(give_back)).await;
                }
            }
        }
    }
}

/// What was done; `None` if it was refused.
pub(crate) async fn ask(handle: &Handle, verb: Verb) -> Option<Arc<Fact>> {
    let ask = Ask::command(Command { request_id: request_id(), verb });
    match handle.ask(ask, None).await {
        Ok(Answer::Accepted(accepted)) => Some(accepted.fact),
        Ok(_) => None,
        Err(failure) => panic!("the engine is well: {failure}"),
    }
}

/// Some seats next to each other, and sometimes places.
fn choose(dice: &mut Dice) -> Spots {
    let mut ticket_type = || Some(TicketTypeIndex(dice.below(3) as u16));
    let (types, of_places) = ([ticket_type(), ticket_type()], ticket_type());
    let (row, count) = (dice.below(ROWS), dice.below(5));
    let first = dice.below(ROW_SEATS - count);
    let seats = (first..first + count).map(|seat| SeatSpot {
        seat: SeatIndex(row * ROW_SEATS + seat),
        ticket_type: types[seat as usize % 2],
    });
    let areas = (count == 0 || dice.below(3) == 0).then(|| AreaPlaces {
        area: AreaIndex(dice.below(AREA_CAPACITIES.len() as u32)),
        ticket_type: of_places,
        count: dice.below(4) + 1,
    });
    Spots { seats: seats.collect(), areas: areas.into_iter().collect() }
}

fn untyped(mut spots: Spots) -> Spots {
    spots.seats.iter_mut().for_each(|spot| spot.ticket_type = None);
    spots.areas.iter_mut().for_each(|places| places.ticket_type = None);
    spots
}
