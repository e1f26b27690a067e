//! The server is killed with SIGKILL under load, at random moments at which at least a hundred
//! requests are unanswered, started again on the same data, killed again. At the end everything
//! that was ever acknowledged has to be there, once.

use std::time::{Duration, Instant};

use anyhow::bail;
use futures::FutureExt;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::stage::{Left, Stage, again, habits};
use super::{Experiment, Outcome, Setting};
use crate::database::Database;
use crate::limits::{KILL_UNANSWERED_MIN, SERVER_PATIENCE};
use crate::pause::pass;

const NAME: &str = "sigkill";

/// The experiment.
pub(super) const EXPERIMENT: Experiment = Experiment {
    name: NAME,
    does: "kill the engine with SIGKILL under load, at random moments with at least 100 requests \
           unanswered, and start it again",
    passes_when: "no seat is sold twice, nothing acknowledged is missing, Postgres says what the \
                  journal says, every history is one that single seats could have",
    sizes: ("20 kills", "200 kills"),
    run: |setting| run(setting).boxed(),
};

/// Behind how many milliseconds of sales a kill comes.
const MOMENTS_MILLIS: std::ops::Range<u64> = 10..250;

/// How long a hold lasts: some run out between two kills, and some while nobody serves.
const HOLD: Duration = Duration::from_millis(1_500);

async fn run(setting: &Setting) -> anyhow::Result<Outcome> {
    let kills = setting.sized(20, 200);
    let mut rng = ChaCha8Rng::seed_from_u64(setting.seed);
    let database = Database::start().await?;
    let mut stage = Stage::open_before(setting, HOLD, database.url()).await?;
    let crowd = stage.admit(habits(setting), stage.doors(&stage.server.endpoint()?, 4));
    let (mut fewest, mut slowest) = (usize::MAX, Duration::ZERO);
    for _ in 0..kills {
        let before = crowd.sold().accepted;
        let patience = Instant::now() + SERVER_PATIENCE;
        while crowd.sold().accepted == before {
            if Instant::now() > patience {
                bail!("nothing is sold any more: {}", stage.server.log_tail());
            }
            pass(Duration::from_millis(1)).await;
        }
        pass(Duration::from_millis(rng.random_range(MOMENTS_MILLIS))).await;
        // A timer would wake a millisecond later, when all is answered.
        while stage.in_flight.now() < KILL_UNANSWERED_MIN {
            if Instant::now() > patience {
                bail!("there are never {KILL_UNANSWERED_MIN} requests unanswered");
            }
            tokio::task::yield_now().await;
        }
        fewest = fewest.min(stage.in_flight.now());
        stage.server.kill().await?;
        slowest = slowest.max(stage.server.start().await?);
    }
    let unknown = crowd.sold().unknown;
    let left = Left::of(crowd).await;
    database.has_all().await?;
    let outcome = stage.verdict(left, &again(NAME, setting)).await?;
    let mut figures =
        vec![format!("at least {fewest} unanswered at each kill, {unknown} in all never answered")];
    figures.extend(outcome.figures);
    figures.push(format!("slowest restart to serving {} ms", slowest.as_millis()));
    Ok(Outcome { runs: kills, figures, ..outcome })
}
