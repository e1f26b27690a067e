//! What it costs who sells that everything is written to Postgres: the p99 of holds at half of peak,
//! with Postgres and without, in turns.

use std::time::Duration;

use futures::FutureExt;
use tempfile::TempDir;

use super::stage::again;
use super::{Experiment, Outcome, Setting};
use crate::client::Organizer;
use crate::database::Database;
use crate::limits::PROJECTION_P99_RATIO_MAX;
use crate::load::{Course, Load};
use crate::pace::Pace;
use crate::pause::pass;
use crate::process::Server;

const NAME: &str = "projection-cost";

/// The experiment.
pub(super) const EXPERIMENT: Experiment = Experiment {
    name: NAME,
    does: "holds at half of peak, with Postgres behind and without, in turns",
    passes_when: "the p99 of holds is within 1.5 times of without, in the median of five rounds",
    sizes: ("one round of 1 s", "five rounds of 6 s"),
    run: |setting| run(setting).boxed(),
};

const EVENT: u64 = 11;
/// For the look at peak, which leaves seats held.
const PEAK_EVENT: u64 = 12;
const HOLD: Duration = Duration::from_secs(3_600);
/// In flight at peak, as in the experiment `overload`.
const PEAK: (u32, u32) = (8, 512);
const SEATS: u32 = 60_000;

/// A server with an event on sale.
struct Side {
    server: Server,
    _folder: TempDir,
}

impl Side {
    async fn open(setting: &Setting, database: Option<&Database>) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("faults-").tempdir()?;
        let server = Server::new(&setting.program, folder.path());
        let mut server = match database {
            Some(database) => server.with_variable("HOLDFAST_DATABASE_URL", database.url()),
            None => server,
        };
        server.start().await?;
        Organizer::new(&server.endpoint()?).put_on_sale(&[EVENT, PEAK_EVENT], SEATS, HOLD).await?;
        Ok(Self { server, _folder: folder })
    }

    async fn p99(&self, pace: Pace, span: Duration) -> anyhow::Result<Duration> {
        Ok(pace.round(&self.server.endpoint()?, span).await?.p99())
    }
}

async fn run(setting: &Setting) -> anyhow::Result<Outcome> {
    let database = Database::start().await?;
    let with = Side::open(setting, Some(&database)).await?;
    let without = Side::open(setting, None).await?;
    let peak = peak(&without, Duration::from_secs(setting.sized(1, 5))).await?;
    // A hold and its release are two operations.
    let pace = Pace { event_id: EVENT, seats: SEATS, holds_per_sec: peak / 4.0 };
    let span = Duration::from_secs(setting.sized(1, 6));
    let (mut ratios, mut pairs) = (Vec::new(), Vec::new());
    for _ in 0..setting.sized(1, 5) {
        let behind = with.p99(pace, span).await?;
        // What is not there yet is written while nobody is measured.
        database.has_all().await?;
        let alone = without.p99(pace, span).await?;
        ratios.push(behind.as_secs_f64() / alone.as_secs_f64());
        pairs.push(format!("{:.1}/{:.1}", millis(behind), millis(alone)));
    }
    ratios.sort_unstable_by(f64::total_cmp);
    let median = ratios[ratios.len() / 2];
    let mut outcome = Outcome { runs: ratios.len() as u64, ..Outcome::default() };
    if setting.judges_time && median > PROJECTION_P99_RATIO_MAX {
        outcome.violations.push(format!("the p99 of holds is {median:.2} times that of without"));
        outcome.kept = Some(format!("again: {}", again(NAME, setting)));
    }
    outcome.figures = vec![
        format!("{:.0} operations a second, half of {peak:.0} at peak", peak / 2.0),
        format!("p99 of holds {median:.2} times that of without (ms: {})", pairs.join(", ")),
    ];
    Ok(outcome)
}

/// What a server confirms a second when as much is asked as helps.
async fn peak(side: &Side, span: Duration) -> anyhow::Result<f64> {
    let (streams, slots) = PEAK;
    let load = Load { event_id: PEAK_EVENT, streams, slots, seats: SEATS, course: Course::Endless };
    let running = load.start(&side.server.endpoint()?);
    pass(Duration::from_secs(1)).await;
    Ok(running.rate(span).await)
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
