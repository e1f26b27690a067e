//! The models. Each is named for what it proves.

pub mod feed;
pub mod in_flight;
pub mod pipeline;
pub mod room;
pub mod throttle;
pub mod view;

use loom::model::Builder;

/// Runs a model in every order.
fn in_every_order(model: impl Fn() + Send + Sync + 'static) {
    Builder::new().check(model);
}

/// Runs a model in every order in which threads are stopped at most so often where they need not
/// wait; in the long form twice more.
fn in_most_orders(stops_max: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    let is_long = real_std::env::var_os("HOLDFAST_TEST_LONG").is_some();
    builder.preemption_bound = Some(if is_long { stops_max + 2 } else { stops_max });
    builder.check(model);
}
