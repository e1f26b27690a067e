//! Every byte of a journal of 1 MiB, written by real commands on a simulated disk, is altered, one
//! at a time, and read by a start.

use futures::FutureExt;

use super::simulator::{simulate, words};
use super::{Experiment, Outcome, Setting};

const NAME: &str = "flipped-bytes";

/// The experiment.
pub(super) const EXPERIMENT: Experiment = Experiment {
    name: NAME,
    does: "flip a bit of every byte of a 1 MiB journal, one at a time, and start",
    passes_when: "it is refused; in the last group it may be cut there, behind the last batch \
                  everything is there; no other state is ever served",
    sizes: ("every 1,021st byte", "every byte"),
    run: |setting| run(setting).boxed(),
};

async fn run(setting: &Setting) -> anyhow::Result<Outcome> {
    let (seed, stride) = (setting.seed % (1 << 48), setting.sized(1_021, 1));
    simulate(setting, &words(&format!("flips --seed {seed} --stride {stride}"))).await
}
