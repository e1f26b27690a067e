//! Rounds for tests, which say nothing of speed: as short as they can be, and on any machine long
//! enough that something is confirmed. One sync of a busy disk may outlast any window that a
//! test would choose.

use std::iter::successors;
use std::time::Duration;

use anyhow::Context;

use crate::measured::Measured;

/// The first window.
const WINDOW_MIN: Duration = Duration::from_millis(50);

/// How often it is doubled before nothing is expected any more: a minute and a half, in all.
const WINDOWS: usize = 11;

/// Runs rounds in windows of twice the length each, until one has confirmed something.
pub async fn until_confirmed(
    mut round: impl AsyncFnMut(Duration) -> anyhow::Result<Measured>,
) -> anyhow::Result<Measured> {
    for window in successors(Some(WINDOW_MIN), |last| Some(*last * 2)).take(WINDOWS) {
        let measured = round(window).await?;
        if measured.confirmed > 0 {
            return Ok(measured);
        }
    }
    None.context("nothing was confirmed in a minute and a half")
}
