//! Postgres is killed, is down for a minute, is slow, has no connection to give, has a full disk,
//! while a server that writes to it sells. Sales go on through all of it, and afterwards every fact
//! is in Postgres once, as a replay of the journal says.

use std::time::{Duration, Instant};

use futures::FutureExt;

use super::stage::{Left, Stage, again, habits};
use super::{Experiment, Outcome, Setting};
use crate::client::Crowd;
use crate::database::Database;
use crate::pause::pass;

const NAME: &str = "postgres";

/// The experiment.
pub(super) const EXPERIMENT: Experiment = Experiment {
    name: NAME,
    does: "Postgres killed, down, slow, without a connection to give, with a full disk, while \
           selling",
    passes_when: "sales never stop, and every fact is there once afterwards, as a replay says",
    sizes: ("each once, 2 s", "each, down for 60 s, the others for 20 s, 5 kills"),
    run: |setting| run(setting).boxed(),
};

const HOLD: Duration = Duration::from_millis(1_500);

/// A sale stands still if nothing is accepted for so long.
const STANDSTILL: Duration = Duration::from_secs(1);

/// The disk of a cluster, which is about 40 MB when it is new.
const SMALL_DISK_BYTES: u64 = 256 << 20;

/// What is done to Postgres.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Killed,
    Down,
    Slow,
    NoConnections,
    FullDisk,
}

async fn run(setting: &Setting) -> anyhow::Result<Outcome> {
    let mut told = Outcome::default();
    let kills = setting.sized(1, 5);
    let mut faults = vec![Fault::Killed; kills];
    faults.extend([Fault::Down, Fault::Slow, Fault::NoConnections]);
    sell_before(setting, Database::start().await?, &faults, &mut told).await?;
    let small = Database::start_on_a_small_disk(SMALL_DISK_BYTES).await?;
    sell_before(setting, small, &[Fault::FullDisk], &mut told).await?;
    Ok(told)
}

/// Sells before a Postgres that has these faults, one behind the other.
async fn sell_before(
    setting: &Setting,
    mut database: Database,
    faults: &[Fault],
    told: &mut Outcome,
) -> anyhow::Result<()> {
    let stage = Stage::open_before(setting, HOLD, database.url()).await?;
    let habits = crate::client::Habits { rest: REST, ..habits(setting) };
    let crowd = stage.admit(habits, stage.doors(&stage.server.endpoint()?, 4));
    for fault in faults {
        // It is there, and gets what is sold.
        database.has_more_than(database.facts().await?).await?;
        let sold = harm(setting, &mut database, *fault, &crowd).await?;
        told.runs += 1;
        told.figures.push(format!("{fault:?}: {} accepted meanwhile", sold.accepted));
        if sold.accepted == 0 || (setting.judges_time && sold.is_halted) {
            told.violations.push(format!("{fault:?}: the sale stood still"));
        }
        database.has_more_than(database.facts().await.unwrap_or(0)).await?;
    }
    let left = Left::of(crowd).await;
    database.has_all().await?;
    let outcome = stage.verdict(left, &again(NAME, setting)).await?;
    told.violations.extend(outcome.violations);
    told.figures.extend(outcome.figures);
    told.kept = told.kept.take().or(outcome.kept);
    Ok(())
}

/// Between two requests of a client: a sale, not a rush, for both share two processors with
/// Postgres.
const REST: Duration = Duration::from_millis(150);

/// What was sold during a fault.
struct During {
    accepted: u64,
    /// Whether nothing was for a while.
    is_halted: bool,
}

/// Does it, lets it last, and undoes it.
async fn harm(
    setting: &Setting,
    database: &mut Database,
    fault: Fault,
    crowd: &Crowd,
) -> anyhow::Result<During> {
    let span = Duration::from_secs(match fault {
        Fault::Down => setting.sized(2, 60),
        _ => setting.sized(2, 20),
    });
    match fault {
        Fault::Killed => {
            database.kill()?;
            let during = watch(crowd, Duration::from_millis(300)).await;
            database.start_again().await?;
            Ok(during)
        }
        Fault::Down => {
            database.kill()?;
            let during = watch(crowd, span).await;
            database.start_again().await?;
            Ok(during)
        }
        Fault::Slow => {
            database.set_slow(true).await?;
            let during = watch(crowd, span).await;
            database.set_slow(false).await?;
            Ok(during)
        }
        Fault::NoConnections => {
            let taken = database.take_all_connections().await?;
            let during = watch(crowd, span).await;
            drop(taken);
            Ok(during)
        }
        Fault::FullDisk => {
            database.set_full(true)?;
            let during = watch(crowd, span).await;
            database.set_full(false)?;
            // It may have given up by itself.
            database.kill()?;
            database.start_again().await?;
            Ok(during)
        }
    }
}

/// What a crowd gets done in so long.
async fn watch(crowd: &Crowd, span: Duration) -> During {
    let (started, before) = (Instant::now(), crowd.sold().accepted);
    let (mut last, mut last_at, mut is_halted) = (before, Instant::now(), false);
    while started.elapsed() < span {
        pass(Duration::from_millis(50)).await;
        let now = crowd.sold().accepted;
        if now > last {
            (last, last_at) = (now, Instant::now());
        }
        is_halted |= last_at.elapsed() > STANDSTILL;
    }
    During { accepted: crowd.sold().accepted - before, is_halted }
}
