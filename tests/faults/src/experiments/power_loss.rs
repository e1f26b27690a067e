//! The power goes, on a simulated machine: at random steps of seeded runs with every other fault
//! beside it, and in front of each operation on files of a run of 200 commands.

use futures::FutureExt;

use super::simulator::{simulate, together, words};
use super::{Experiment, Outcome, Setting};

const NAME: &str = "power-loss";

/// The experiment.
pub(super) const EXPERIMENT: Experiment = Experiment {
    name: NAME,
    does: "cut the power in the simulator: by chance in seeded runs, and in front of every \
           operation on files of a run of 200 commands",
    passes_when: "every answer, fact and state is the model's, what was acknowledged is there, and \
                  every start succeeds",
    sizes: ("200 seeds, every 5th operation", "10,000 seeds, every operation"),
    run: |setting| run(setting).boxed(),
};

async fn run(setting: &Setting) -> anyhow::Result<Outcome> {
    let seeds: u64 = setting.sized(200, 10_000);
    let stride = setting.sized(5, 1);
    // A seed is a run; where they begin is for chance.
    let start = setting.seed % (1 << 48);
    let half = seeds / 2;
    let (first, second) = (words(&format!("--seeds {half} --start {start}")), start + half);
    let second = words(&format!("--seeds {} --start {second}", seeds - half));
    let sweep = words(&format!("sweep --seed {start} --harm cut --stride {stride}"));
    let (first, second) =
        futures::try_join!(simulate(setting, &first), simulate(setting, &second))?;
    Ok(together(vec![first, second, simulate(setting, &sweep).await?]))
}
