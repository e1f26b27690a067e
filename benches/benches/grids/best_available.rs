//! The search for the nearest run, by how much of a stadium is sold: random pairs of seats, as
//! people pick them.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use inventory_core::best_available::{find, might_come_free};
use inventory_core::command::BestAvailable;
use inventory_core::ids::SectionIndex;

use crate::house::{Clerk, EVENT, Venue, accept, held, shop};

pub(crate) fn grid(criterion: &mut Criterion) {
    let venue = Venue::stadium();
    let mut group = criterion.benchmark_group("best_available");
    group.throughput(Throughput::Elements(1));
    let (mut state, mut clerk) = shop(&venue, Clerk::new());
    let pairs = venue.groups(2);
    let mut taken = 0;
    for percent in [0, 50, 90, 99, 100] {
        for pair in &pairs[taken..pairs.len() * percent / 100] {
            let place = clerk.place(EVENT, pair);
            let now = clerk.now();
            let placed = accept(&mut state, now, &place);
            // Every second pair is sold, the others are held.
            taken += 1;
            if taken % 2 == 0 {
                let allocate = clerk.allocate(&held(&placed));
                accept(&mut state, now, &allocate);
            }
        }
        let event = state.event(EVENT).expect("the event was created");
        for quantity in [2, 4, 8] {
            let wish = BestAvailable { quantity, ..BestAvailable::default() };
            group.bench_function(format!("taken={percent}%/quantity={quantity}"), |bencher| {
                bencher.iter(|| find(event, black_box(&wish)));
            });
        }
        let section = Some(SectionIndex(40));
        let wish = BestAvailable { quantity: 2, section, ..BestAvailable::default() };
        group.bench_function(format!("taken={percent}%/quantity=2/section"), |bencher| {
            bencher.iter(|| find(event, black_box(&wish)));
        });
        if percent == 100 {
            let wish = BestAvailable { quantity: 8, ..BestAvailable::default() };
            group.bench_function("might_come_free/quantity=8", |bencher| {
                bencher.iter(|| might_come_free(event, black_box(&wish)));
            });
        }
    }
    group.finish();
}
