//! Rounds of two sides in turns, and what is told of them: medians.
//!
//! Must always hold: the sides take turns (A B A B A B), so that whatever else the machine does
//! meets both; while one is measured the other stands still.

use std::time::Duration;

use anyhow::{Context, ensure};

use crate::measured::Measured;
use crate::side::Side;
use crate::workload::Load;

/// Fewer rounds than this have no median worth telling.
pub const ROUNDS_MIN: u32 = 3;

/// More refusals than one of so many confirmations are another workload than the one described.
const CONFIRMED_PER_REFUSAL_MIN: u64 = 100;

/// What one side did, by the medians of its rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Confirmed operations a second.
    pub per_second: f64,
    /// The slowest and the fastest round.
    pub per_second_range: (f64, f64),
    /// How long they took; `None` where none was timed by itself.
    pub latency: Option<Latency>,
    /// Operations refused in all rounds together.
    pub refused: u64,
}

/// How long operations took.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Latency {
    /// Half of the operations did not take longer.
    pub p50_micros: u64,
    /// 99 of 100 operations did not take longer.
    pub p99_micros: u64,
}

impl Figures {
    /// The medians of rounds, each figure by itself. `None` of no rounds.
    pub fn of(rounds: &[Measured]) -> Option<Self> {
        let rates: Vec<f64> = rounds.iter().map(Measured::per_second).collect();
        let slowest = rates.iter().copied().min_by(f64::total_cmp)?;
        let fastest = rates.iter().copied().max_by(f64::total_cmp)?;
        Some(Self {
            per_second: median(rates)?,
            per_second_range: (slowest, fastest),
            latency: Latency::of(rounds),
            refused: rounds.iter().map(|round| round.refused).sum(),
        })
    }
}

impl Latency {
    fn of(rounds: &[Measured]) -> Option<Self> {
        let micros = |of: fn(&Measured) -> Option<u64>| {
            let all = rounds.iter().filter_map(of).map(|micros| micros as f64).collect();
            median(all).map(|micros| micros.round() as u64)
        };
        Some(Self {
            p50_micros: micros(Measured::p50_micros)?,
            p99_micros: micros(Measured::p99_micros)?,
        })
    }
}

/// The value in the middle; of an even number, between the two in the middle. `None` of nothing.
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let is_odd = !values.len().is_multiple_of(2);
    Some(if is_odd { upper } else { f64::midpoint(values[values.len() / 2 - 1], upper) })
}

/// Measures two sides in turns: ours, then the peer, and so on; each under its own load.
///
/// # Errors
/// If a side fails, confirms nothing in half of its rounds, or refuses more than now and then.
pub async fn alternate(
    (ours, our_load): (&mut dyn Side, &Load),
    (peer, load_of_peer): (&mut dyn Side, &Load),
    rounds: u32,
) -> anyhow::Result<(Figures, Figures)> {
    let (mut of_ours, mut of_peer) = (Vec::new(), Vec::new());
    peer.pause()?;
    for _ in 0..rounds {
        of_ours.push(checked(ours.round(our_load).await).context("our side")?);
        ours.pause()?;
        peer.resume()?;
        of_peer.push(checked(peer.round(load_of_peer).await).context("the peer's side")?);
        peer.pause()?;
        ours.resume()?;
    }
    peer.resume()?;
    let ours = figures(&of_ours).context("our side")?;
    Ok((ours, figures(&of_peer).context("the peer's side")?))
}

/// One sync of a busy disk may outlast a short round: that round is a slow one, and no failure.
fn figures(rounds: &[Measured]) -> anyhow::Result<Figures> {
    let figures = Figures::of(rounds).context("there were no rounds")?;
    ensure!(figures.per_second > 0.0, "nothing was confirmed");
    Ok(figures)
}

fn checked(measured: anyhow::Result<Measured>) -> anyhow::Result<Measured> {
    let measured = measured?;
    let (confirmed, refused) = (measured.confirmed, measured.refused);
    ensure!(
        refused * CONFIRMED_PER_REFUSAL_MIN <= confirmed,
        "{refused} refusals beside {confirmed} confirmations are not the load that is described"
    );
    ensure!(measured.took > Duration::ZERO, "no time was measured");
    Ok(measured)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use futures::FutureExt;
    use futures::future::BoxFuture;

    use super::*;

    type Story = Arc<Mutex<Vec<String>>>;

    /// A side that writes down what happens to it, and measures what it is told.
    struct Told {
        name: &'static str,
        story: Story,
        rates: Vec<(u64, u64)>,
    }

    impl Told {
        fn say(&self, what: &str) {
            self.story.lock().unwrap().push(format!("{} {what}", self.name));
        }
    }

    impl Side for Told {
        fn round<'a>(&'a mut self, load: &'a Load) -> BoxFuture<'a, anyhow::Result<Measured>> {
            self.say("round");
            let (confirmed, refused) = self.rates.remove(0);
            let mut measured = Measured::nothing(load.measured);
            (0..confirmed).for_each(|_| measured.confirm(Duration::from_micros(confirmed)));
            measured.refused = refused;
            async move { Ok(measured) }.boxed()
        }

        fn pause(&mut self) -> anyhow::Result<()> {
            self.say("pauses");
            Ok(())
        }

        fn resume(&mut self) -> anyhow::Result<()> {
            self.say("resumes");
            Ok(())
        }

        fn finish(self: Box<Self>) -> BoxFuture<'static, anyhow::Result<()>> {
            async { Ok(()) }.boxed()
        }
    }

    fn load() -> Load {
        let second = Duration::from_secs(1);
        Load {
            events: 1,
            seats: 1_000,
            clients: 1,
            depth: 1,
            warm_up: second,
            measured: second,
            seed: 1,
        }
    }

    async fn run(
        ours: &[(u64, u64)],
        peer: &[(u64, u64)],
    ) -> (anyhow::Result<(Figures, Figures)>, Vec<String>) {
        let story = Story::default();
        let side = |name, rates: &[(u64, u64)]| Told {
            name,
            story: Arc::clone(&story),
            rates: rates.to_vec(),
        };
        let (mut ours, mut peer) = (side("A", ours), side("B", peer));
        let (rounds, load) = (ours.rates.len() as u32, load());
        let figures = alternate((&mut ours, &load), (&mut peer, &load), rounds).await;
        let story = story.lock().unwrap().clone();
        (figures, story)
    }

    #[test]
    fn the_median_is_in_the_middle() {
        for (values, expected) in [
            (vec![], None),
            (vec![4.0], Some(4.0)),
            (vec![9.0, 1.0, 5.0], Some(5.0)),
            (vec![9.0, 1.0, 5.0, 6.0], Some(5.5)),
        ] {
            assert_eq!(median(values), expected);
        }
    }

    #[tokio::test]
    async fn sides_take_turns_and_stand_still_in_between() {
        let (figures, story) =
            run(&[(100, 1), (300, 0), (200, 0)], &[(50, 0), (40, 0), (60, 0)]).await;
        let turn = ["A round", "A pauses", "B resumes", "B round", "B pauses", "A resumes"];
        let expected: Vec<_> = ["B pauses"]
            .iter()
            .chain(&turn)
            .chain(&turn)
            .chain(&turn)
            .chain(&["B resumes"])
            .collect();
        assert_eq!(
            story.iter().map(String::as_str).collect::<Vec<_>>(),
            expected.iter().map(|s| **s).collect::<Vec<_>>()
        );
        let (ours, peer) = figures.unwrap();
        assert_eq!((ours.per_second, ours.per_second_range), (200.0, (100.0, 300.0)));
        assert_eq!(ours.latency, Some(Latency { p50_micros: 200, p99_micros: 200 }));
        assert_eq!(ours.refused, 1);
        assert_eq!(peer.per_second, 50.0);
    }

    #[tokio::test]
    async fn a_round_without_a_confirmation_is_a_slow_one() {
        let rates = [(300, 0), (0, 0), (200, 0)];
        let (figures, _) = run(&rates, &[(50, 0), (40, 0), (60, 0)]).await;
        let (ours, _) = figures.unwrap();
        assert_eq!((ours.per_second, ours.per_second_range), (200.0, (0.0, 300.0)));
        assert_eq!(ours.latency, Some(Latency { p50_micros: 250, p99_micros: 250 }));
    }

    #[tokio::test]
    async fn a_side_that_confirms_nothing_or_refuses_much_fails_the_run() {
        for (ours, words) in [((0, 0), "nothing was confirmed"), ((100, 2), "2 refusals")] {
            let (figures, _) = run(&[ours], &[(1, 0)]).await;
            let error = format!("{:#}", figures.unwrap_err());
            assert!(error.contains(words) && error.contains("our side"), "{error}");
        }
    }
}
