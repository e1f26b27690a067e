//! When each buyer comes: fixed by the seed before the first request is sent.
//!
//! The load is open loop. An arrival waits for no answer, not for its own predecessor's and not
//! for anyone's, so a slow server meets the same crowd as a fast one, and latency counted from
//! the moment that is written here leaves out no one who had to wait.
//!
//! Shapes, with `t` running from 0 to 1 over the time of the drop:
//! - spike: density falls as `exp(-5 t)`; 63 % come in the first fifth;
//! - ramp: density rises as `t`; three quarters come in the second half;
//! - waves: four raised cosines, `1 - cos(2 pi 4 t)`; nobody comes between two waves.

use std::f64::consts::TAU;
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::options::Curve;

/// How steeply a spike falls: its density shrinks by `e` in a fifth of the time.
const SPIKE_DECAY: f64 = 5.0;

/// How many waves there are.
const WAVES: u32 = 4;

/// The arrivals of one drop, in the order of time; buyer `n` is the `n`th to arrive.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Schedule {
    /// Microseconds after the doors opened, rising.
    pub(crate) arrivals_micros: Vec<u64>,
}

impl Schedule {
    /// Exactly `buyers` arrivals within `over`.
    pub(crate) fn new(curve: Curve, buyers: u64, over: Duration, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let over_micros = over.as_micros() as f64;
        let mut arrivals_micros: Vec<u64> =
            (0..buyers).map(|_| (moment(curve, &mut rng) * over_micros) as u64).collect();
        arrivals_micros.sort_unstable();
        Self { arrivals_micros }
    }
}

/// A moment between 0 and 1, by inverting the curve's distribution where it has an inverse.
fn moment(curve: Curve, rng: &mut ChaCha8Rng) -> f64 {
    let uniform: f64 = rng.random();
    match curve {
        Curve::Spike => -(1.0 - uniform * (1.0 - (-SPIKE_DECAY).exp())).ln() / SPIKE_DECAY,
        Curve::Ramp => uniform.sqrt(),
        Curve::Waves => {
            let wave = (uniform * f64::from(WAVES)).floor();
            (wave + raised_cosine(rng)) / f64::from(WAVES)
        }
    }
}

/// A place within one wave, by throwing until one lands under the curve.
fn raised_cosine(rng: &mut ChaCha8Rng) -> f64 {
    loop {
        let place: f64 = rng.random();
        if rng.random::<f64>() * 2.0 < 1.0 - (place * TAU).cos() {
            return place;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OVER: Duration = Duration::from_secs(30);
    const BUYERS: u64 = 20_000;

    /// The share of arrivals between two points of the drop's time.
    fn share(schedule: &Schedule, from: f64, to: f64) -> f64 {
        let over = OVER.as_micros() as f64;
        let range = (from * over) as u64..(to * over) as u64;
        let within = schedule.arrivals_micros.iter().filter(|at| range.contains(at)).count();
        within as f64 / schedule.arrivals_micros.len() as f64
    }

    fn close(share: f64, expected: f64) {
        assert!((share - expected).abs() < 0.02, "{share} is not about {expected}");
    }

    #[test]
    fn a_seed_fixes_every_arrival() {
        for curve in [Curve::Spike, Curve::Ramp, Curve::Waves] {
            let schedule = Schedule::new(curve, BUYERS, OVER, 7);
            assert_eq!(schedule, Schedule::new(curve, BUYERS, OVER, 7));
            assert_ne!(schedule, Schedule::new(curve, BUYERS, OVER, 8));
            assert_eq!(schedule.arrivals_micros.len() as u64, BUYERS);
            assert!(schedule.arrivals_micros.is_sorted());
            assert!(*schedule.arrivals_micros.last().unwrap() <= OVER.as_micros() as u64);
        }
    }

    #[test]
    fn a_spike_falls_from_the_first_moment() {
        let schedule = Schedule::new(Curve::Spike, BUYERS, OVER, 1);
        close(share(&schedule, 0.0, 0.2), 0.636);
        close(share(&schedule, 0.8, 1.0), 0.012);
    }

    #[test]
    fn a_ramp_rises_to_the_end() {
        let schedule = Schedule::new(Curve::Ramp, BUYERS, OVER, 1);
        close(share(&schedule, 0.0, 0.5), 0.25);
        close(share(&schedule, 0.9, 1.0), 0.19);
    }

    #[test]
    fn waves_are_equal_and_calm_between() {
        let schedule = Schedule::new(Curve::Waves, BUYERS, OVER, 1);
        for wave in 0..4 {
            let start = f64::from(wave) / 4.0;
            close(share(&schedule, start, start + 0.25), 0.25);
            close(share(&schedule, start + 0.1, start + 0.15), 0.25 * 0.387);
            close(share(&schedule, start, start + 0.025), 0.0016);
        }
    }
}
