//! Each operation on files of a run of 200 commands fails once, finds the disk full, or writes half
//! of what it should, on a simulated machine; then the engine ends, and starts again.

use futures::FutureExt;

use super::simulator::{simulate, words};
use super::{Experiment, Outcome, Setting};

const NAME: &str = "failing-files";

/// The experiment.
pub(super) const EXPERIMENT: Experiment = Experiment {
    name: NAME,
    does: "let every operation on files of a run of 200 commands fail, find the disk full, or \
           write half, in the simulator",
    passes_when: "nothing is acknowledged that is not durable, the engine takes nothing more \
                  behind a failed append, and the next start finds what was acknowledged",
    sizes: ("every 5th operation", "every operation"),
    run: |setting| run(setting).boxed(),
};

async fn run(setting: &Setting) -> anyhow::Result<Outcome> {
    let (seed, stride) = (setting.seed % (1 << 48), setting.sized(5, 1));
    let line =
        format!("sweep --seed {seed} --harm fail --harm full --harm short --stride {stride}");
    simulate(setting, &words(&line)).await
}
