//! A small disk is filled by somebody else while seats are sold on it; new holds are refused, the
//! server is killed and started on the full disk, and sells again by itself once there is space.

use std::time::{Duration, Instant};

use anyhow::ensure;
use futures::FutureExt;

use super::stage::{Left, Stage, again, habits};
use super::{Experiment, Outcome, Setting};
use crate::client::Habits;
use crate::limits::SERVER_PATIENCE;
use crate::pause::pass;
use crate::small_disk::SmallDisk;

const NAME: &str = "full-disk";

/// The experiment.
pub(super) const EXPERIMENT: Experiment = Experiment {
    name: NAME,
    does: "fill the disk under a real engine that sells, kill it, start it on the full disk, make \
           space",
    passes_when: "nothing acknowledged is missing, every start succeeds, and sales go on by \
                  themselves",
    sizes: ("2 times", "20 times"),
    run: |setting| run(setting).boxed(),
};

const HOLD: Duration = Duration::from_millis(1_500);
/// Some segments, some snapshots, and what charts take.
const DISK_BYTES: u64 = 48 << 20;
const SEGMENT_BYTES: &str = "262144";
/// Refusals for want of space after which the disk is full for sure.
const REFUSED_MIN: u64 = 200;
/// Changes after which sales go on for sure: more than there are clients, whose holds may end.
const SOLD_MIN: u64 = 2_000;

async fn run(setting: &Setting) -> anyhow::Result<Outcome> {
    let times = setting.sized(2, 20);
    let mut small_disk = None;
    let mut stage = Stage::open(setting, HOLD, |server, folder| {
        let path = folder.path().join("disk");
        // What fails here is told by a server that does not come to serve.
        let _ = std::fs::create_dir(&path);
        let Ok(disk) = SmallDisk::mount(&path, DISK_BYTES) else { return server };
        let words = disk.wrapper();
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let server = server.wrapped(&words).keeping_data_in(&path.join("data"));
        small_disk = Some(disk);
        server.with_arguments(&["--journal-segment-bytes", SEGMENT_BYTES])
    })
    .await?;
    let Some(disk) = small_disk else { anyhow::bail!("this user may not mount in a namespace") };
    let habits = Habits { clients: 100, ..habits(setting) };
    let crowd = stage.admit(habits, stage.doors(&stage.server.endpoint()?, 4));
    for _ in 0..times {
        wait_for(|| crowd.sold().accepted, SOLD_MIN, &stage).await?;
        disk.fill()?;
        wait_for(|| crowd.sold().not_done, REFUSED_MIN, &stage).await?;
        stage.server.kill().await?;
        stage.server.start().await?;
        wait_for(|| crowd.sold().not_done, REFUSED_MIN, &stage).await?;
        disk.free()?;
    }
    wait_for(|| crowd.sold().accepted, SOLD_MIN, &stage).await?;
    let not_done = crowd.sold().not_done;
    let left = Left::of(crowd).await;
    let mut outcome = stage.verdict(left, &again(NAME, setting)).await?;
    outcome.figures.push(format!("{not_done} refused for want of space"));
    Ok(Outcome { runs: times, ..outcome })
}

/// Waits until a count has risen by so much.
async fn wait_for(count: impl Fn() -> u64, by: u64, stage: &Stage) -> anyhow::Result<()> {
    let (before, since) = (count(), Instant::now());
    while count() < before + by {
        let is_patient = since.elapsed() < SERVER_PATIENCE;
        ensure!(is_patient, "it does not go on: {}", stage.server.log_tail());
        pass(Duration::from_millis(2)).await;
    }
    Ok(())
}
