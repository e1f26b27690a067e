//! Time that passes: a load lasts, a clock goes on, a network is late, a moment is random. The one
//! place of this crate that sleeps.

use std::time::Duration;

/// Lets time pass.
pub(crate) async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}
