//! A journal of a million facts, of an event with 100,000 seats that was sold out, and a server
//! that is killed and started again: how long it takes until it serves.

use std::time::Duration;

use futures::FutureExt;

use super::stage::again;
use super::{Experiment, Outcome, Setting};
use crate::client::Organizer;
use crate::load::{Course, Load};
use crate::process::Server;

const NAME: &str = "restart";

/// The experiment.
pub(super) const EXPERIMENT: Experiment = Experiment {
    name: NAME,
    does: "kill the engine behind a sale, and start it again",
    passes_when: "it serves within 2 s with 100,000 seats and 1,000,000 facts, all seats sold",
    sizes: ("10,000 seats, 100,000 facts, 2 starts", "100,000 seats, 1,000,000 facts, 5 starts"),
    run: |setting| run(setting).boxed(),
};

const EVENT: u64 = 11;
const STREAMS: u32 = 5;
const SLOTS: u32 = 500;
/// Placed and given back so often, placed and sold: 10 facts a seat.
const RELEASES: u32 = 4;
const FACTS_A_SEAT: u64 = 10;
const HOLD: Duration = Duration::from_secs(900);

/// The longest that a start may take until it serves.
const SERVING_MAX: Duration = Duration::from_secs(2);

async fn run(setting: &Setting) -> anyhow::Result<Outcome> {
    let (seats, starts) = setting.sized((10_000, 2), (100_000, 5));
    let folder = tempfile::Builder::new().prefix("faults-").tempdir()?;
    let mut server = Server::new(&setting.program, folder.path());
    server.start().await?;
    let organizer = Organizer::new(&server.endpoint()?);
    organizer.put_on_sale(&[EVENT], seats, HOLD).await?;
    let course = Course::SellOut { releases: RELEASES };
    let load = Load { event_id: EVENT, streams: STREAMS, slots: SLOTS, seats, course };
    load.start(&server.endpoint()?).ended().await;
    let (mut took, mut busy) = (Vec::new(), Duration::ZERO);
    for _ in 0..starts {
        server.kill().await?;
        took.push(server.start().await?);
        busy = busy.max(server.processor_time().unwrap_or_default());
    }
    took.sort_unstable();
    let (median, slowest) = (took[took.len() / 2], took[took.len() - 1]);
    let seen = organizer.testimony(EVENT).await?;
    let facts = u64::from(seats) * FACTS_A_SEAT + 1;
    let mut violations = seen.violations;
    if seen.counts.allocated != seats || seen.lsn != facts {
        violations.push(format!("{} seats are sold at LSN {}", seen.counts.allocated, seen.lsn));
    }
    if setting.judges_time && slowest > SERVING_MAX {
        violations.push(format!("a start took {} ms until it served", slowest.as_millis()));
    }
    server.stop().await?;
    let figures = vec![format!(
        "{seats} seats and {facts} facts: serving after {} ms in the median, {} ms at the slowest, \
         for which it had at most {} ms of the processors",
        median.as_millis(),
        slowest.as_millis(),
        busy.as_millis()
    )];
    Ok(Outcome { runs: starts, violations, kept: Some(again(NAME, setting)), figures })
}
