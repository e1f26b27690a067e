//! What each operation costs by itself: criterion grids, one file a subject, no assertion about
//! time. State never degenerates while it is measured: what is sold comes back, and what grows is
//! replaced outside of the clock.
//!
//! ```text
//! cargo bench -p benches --bench grids                          # all of it, some ten minutes
//! cargo bench -p benches --bench grids -- journal               # whose name has the word
//! cargo bench -p benches --bench grids -- --save-baseline main  # keep the figures as `main`
//! cargo bench -p benches --bench grids -- --baseline main       # against those of `main`
//! cargo bench -p benches --bench grids --profile dist           # as it is shipped
//! ```
//!
//! Figures are kept in `target/criterion`; a name that the baseline does not have is an error
//! with `--baseline`, and passed over with `--baseline-lenient`.

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
