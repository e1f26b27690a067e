//! The wall clock is stepped by an hour and by a day, both ways, while the server runs, and back
//! over restarts. Seen from a monotonic clock outside, no hold ends before its time, and all end.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use futures::FutureExt;

use super::stage::{EVENTS, Left, Stage, again, habits};
use super::{Experiment, Outcome, Setting};
use crate::client::{Habits, Organizer};
use crate::pause::pass;

const NAME: &str = "clocks";

/// The experiment.
pub(super) const EXPERIMENT: Experiment = Experiment {
    name: NAME,
    does: "step the wall clock by an hour and a day both ways while the engine runs, and back over \
           restarts",
    passes_when: "no hold ends early by a clock outside, and every hold ends",
    sizes: ("8 steps of 0.7 s", "8 steps of 5 s, three times"),
    run: |setting| run(setting).boxed(),
};

const HOLD: Duration = Duration::from_millis(1_000);

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// Where the wall clock is from its right place, one after the other, while the server runs.
const STEPS: [i64; 6] = [HOUR, 0, DAY, 0, -HOUR, -DAY];

/// The same over restarts, each of which finds a journal from a later time.
const STEPS_OVER_RESTARTS: [i64; 2] = [-HOUR, -DAY];

/// What the server says of a clock that is behind its journal.
const BEHIND: &str = "clock is behind the journal";

/// How long after its time the last hold may still be there.
const END_PATIENCE: Duration = Duration::from_secs(3);

/// Where the library that moves a process's wall clock may be; Debian has it by architecture.
fn library() -> anyhow::Result<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").context("look for libfaketime")?;
    let paths = folders.flatten().map(|of| of.path().join("faketime/libfaketimeMT.so.1"));
    paths.into_iter().find(|path| path.is_file()).context("libfaketime is not installed")
}

fn set_wall(file: &Path, seconds: i64) -> anyhow::Result<()> {
    // In one step: the server reads it all the time.
    let new = file.with_extension("new");
    std::fs::write(&new, format!("{seconds:+}\n"))?;
    Ok(std::fs::rename(new, file)?)
}

async fn run(setting: &Setting) -> anyhow::Result<Outcome> {
    let library = library()?;
    let pause = Duration::from_millis(setting.sized(700, 5_000));
    let mut stage = Stage::open(setting, HOLD, |server, folder| {
        let file = folder.path().join("wall");
        // Without it the server would not come to serve, which is told then.
        let _ = set_wall(&file, 0);
        server
            .with_variable("LD_PRELOAD", library.display().to_string())
            .with_variable("FAKETIME_TIMESTAMP_FILE", file.display().to_string())
            .with_variable("FAKETIME_NO_CACHE", "1")
            .with_variable("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .with_variable("DONT_FAKE_MONOTONIC", "1")
    })
    .await?;
    // Time stands still while nobody serves and the wall clock is behind.
    stage.has_late_bound = false;
    let file = stage.folder.path().join("wall");
    let habits = Habits { clients: 64, rest: Duration::from_millis(4), ..habits(setting) };
    let crowd = stage.admit(habits, stage.doors(&stage.server.endpoint()?, 2));
    let mut steps = 0;
    for _ in 0..setting.sized(1, 3) {
        for seconds in STEPS {
            pass(pause).await;
            set_wall(&file, seconds)?;
            steps += 1;
        }
        pass(pause).await;
    }
    for (seconds, restarts) in STEPS_OVER_RESTARTS.into_iter().zip(1..) {
        set_wall(&file, seconds)?;
        stage.server.kill().await?;
        stage.server.start().await?;
        let log = std::fs::read_to_string(stage.folder.path().join("server.log"))?;
        let told = log.matches(BEHIND).count();
        ensure!(told == restarts, "the server does not see that its clock went back: {log}");
        steps += 1;
        pass(pause).await;
    }
    let left = Left::of(crowd).await;
    let endless = endless_holds(&stage).await?;
    let mut outcome = stage.verdict(left, &again(NAME, setting)).await?;
    outcome.violations.extend(endless);
    Ok(Outcome { runs: steps, ..outcome })
}

/// Waits until the last hold has ended, and says if one does not.
async fn endless_holds(stage: &Stage) -> anyhow::Result<Option<String>> {
    let organizer = Organizer::new(&stage.server.endpoint()?);
    let since = Instant::now();
    loop {
        let mut held = 0;
        for event_id in EVENTS {
            held += organizer.testimony(event_id).await?.counts.held;
        }
        if held == 0 {
            return Ok(None);
        }
        if since.elapsed() > HOLD + END_PATIENCE {
            return Ok(Some(format!("{held} seats are still held after {:?}", since.elapsed())));
        }
        pass(Duration::from_millis(20)).await;
    }
}
