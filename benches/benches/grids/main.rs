//! What each operation costs by itself: criterion grids, one file a subject, no assertion about
//! time. State never degenerates while it is measured: what is sold comes back, and what grows is
//! replaced outside of the clock.
//!
//! ```text
//! cargo xtask bench grid                 # all of it, some ten minutes
//! cargo xtask bench grid journal         # whose name has the word
//! cargo xtask bench grid --save main     # keep the figures as `main`
//! cargo xtask bench grid --against main  # against those of `main`
//! ```
//!
//! Figures are kept in `target/criterion`.

mod apply;
mod best_available;
mod decide;
mod encoding;
mod house;
mod journal;
mod pipeline;
mod recovery;
mod wire;

use criterion::Criterion;

/// The program's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(house::WARM_UP)
        .measurement_time(house::MEASURED)
        .sample_size(house::SAMPLES)
        .configure_from_args();
    decide::grid(&mut criterion);
    best_available::grid(&mut criterion);
    apply::grid(&mut criterion);
    encoding::grid(&mut criterion);
    wire::grid(&mut criterion);
    pipeline::grid(&mut criterion);
    journal::grid(&mut criterion);
    recovery::grid(&mut criterion);
    criterion.final_summary();
}
