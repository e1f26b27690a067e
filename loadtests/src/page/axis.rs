//! Axes with ticks that make sense: round numbers, round times, powers of ten. Whatever comes in,
//! an axis has an extent above zero and a handful of ticks.

/// No axis has more ticks, whatever it is asked for.
const TICKS_MAX: u32 = 20;

/// An extent that an axis can have.
fn usable(extent: f64) -> f64 {
    if extent.is_finite() && extent > 0.0 { extent } else { 1.0 }
}

/// Ticks of an axis, as places between 0 and 1 with what they say.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) place: f64,
    pub(super) text: String,
}

/// From zero to a round number that is no smaller than `max`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Linear {
    pub(super) top: f64,
    step: f64,
}

impl Linear {
    pub(super) fn up_to(max: f64, ticks: u32) -> Self {
        let max = usable(max);
        let rough = max / f64::from(ticks.max(1));
        let magnitude = 10_f64.powf(rough.log10().floor());
        let rounds = [1.0, 2.0, 2.5, 5.0, 10.0];
        let round = rounds.iter().find(|round| magnitude * **round >= rough * (1.0 - 1e-9));
        let step = magnitude * round.copied().unwrap_or(10.0);
        Self { top: (max / step * (1.0 - 1e-9)).ceil().max(1.0) * step, step }
    }

    /// With whole numbers alone: of things that cannot be halved.
    pub(super) fn of_things(max: f64, ticks: u32) -> Self {
        let axis = Self::up_to(max, ticks);
        if axis.step >= 1.0 && axis.step.fract() == 0.0 {
            return axis;
        }
        let (max, step) = (usable(max), axis.step.ceil());
        Self { top: (max / step).ceil().max(1.0) * step, step }
    }

    /// The same ticks on an axis that ends at `max`, for what fills it.
    pub(super) fn ending_at(self, max: f64) -> Self {
        Self { top: usable(max), ..self }
    }

    pub(super) fn place(self, value: f64) -> f64 {
        if value.is_finite() { (value / self.top).clamp(0.0, 1.0) } else { 0.0 }
    }

    pub(super) fn ticks(self, text: impl Fn(f64) -> String) -> Vec<Tick> {
        let steps = ((self.top / self.step * (1.0 + 1e-9)).floor() as u32).min(TICKS_MAX);
        let tick = |number| {
            let value = f64::from(number) * self.step;
            Tick { place: self.place(value), text: text(value) }
        };
        (0..=steps).map(tick).collect()
    }
}

/// Powers of ten around some values above zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Decades {
    low: i32,
    high: i32,
}

impl Decades {
    pub(super) fn around(values: impl Iterator<Item = f64>) -> Self {
        let usable = values.filter(|value| value.is_finite() && *value > 0.0);
        let (low, high) = usable
            .fold((f64::INFINITY, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
        if high == 0.0 {
            return Self { low: 0, high: 1 };
        }
        let low = low.log10().floor().clamp(-6.0, 11.0) as i32;
        let high = high.log10().ceil().clamp(-5.0, 12.0) as i32;
        Self { low, high: high.max(low + 1) }
    }

    pub(super) fn place(self, value: f64) -> f64 {
        if value.is_nan() || value <= 0.0 {
            return 0.0;
        }
        let height = f64::from(self.high - self.low);
        ((value.log10() - f64::from(self.low)) / height).clamp(0.0, 1.0)
    }

    pub(super) fn ticks(self, text: impl Fn(f64) -> String) -> Vec<Tick> {
        let tick = |power: i32| {
            let value = 10_f64.powi(power);
            Tick { place: self.place(value), text: text(value) }
        };
        (self.low..=self.high).map(tick).collect()
    }
}

/// Seconds from the doors' opening to the end of the run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Time {
    pub(super) span_secs: f64,
}

impl Time {
    pub(super) fn of(span_secs: f64) -> Self {
        Self { span_secs: usable(span_secs) }
    }

    pub(super) fn place(self, secs: f64) -> f64 {
        if secs.is_finite() { (secs / self.span_secs).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// At round seconds, minutes or hours. The first says what the unit is.
    pub(super) fn ticks(self, ticks: u32) -> Vec<Tick> {
        const STEPS_SECS: [f64; 12] = [
            60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 10_800.0, 21_600.0,
            43_200.0, 86_400.0,
        ];
        let rough = self.span_secs / f64::from(ticks.max(1));
        let step = match rough {
            rough if rough <= 5.0 => Linear::up_to(rough, 1).step,
            rough if rough <= 10.0 => 10.0,
            rough if rough <= 15.0 => 15.0,
            rough if rough <= 30.0 => 30.0,
            rough => {
                let larger = STEPS_SECS.iter().copied().find(|step| *step >= rough);
                larger.unwrap_or_else(|| (rough / 86_400.0).ceil() * 86_400.0)
            }
        };
        let last = ((self.span_secs / step * (1.0 + 1e-9)).floor() as u32).min(TICKS_MAX);
        let tick = |number| {
            let secs = f64::from(number) * step;
            Tick { place: self.place(secs), text: self.text(secs) }
        };
        (0..=last).map(tick).collect()
    }

    fn text(self, secs: f64) -> String {
        let whole = secs.round() as u64;
        match self.span_secs {
            span if span < 120.0 => format!("{} s", super::numbers::plain(secs, 3)),
            span if span < 7_200.0 => format!("{}:{:02}", whole / 60, whole % 60),
            _ => format!("{} h {:02}", whole / 3_600, whole / 60 % 60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::numbers::{latency, short};

    fn texts(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.text.as_str()).collect()
    }

    #[test]
    fn ticks_are_round() {
        let of = |max| Linear::of_things(max, 4).ticks(short);
        assert_eq!(texts(&of(8_897.0)), ["0", "2.5k", "5k", "7.5k", "10k"]);
        assert_eq!(texts(&of(300.0)), ["0", "100", "200", "300"]);
        assert_eq!(texts(&of(1.0)), ["0", "1"]);
        assert_eq!(texts(&of(6.0)), ["0", "2", "4", "6"]);
        for nonsense in [0.0, -3.0, f64::NAN, f64::INFINITY] {
            assert_eq!(texts(&of(nonsense)), ["0", "1"]);
        }
    }

    #[test]
    fn latencies_stand_on_powers_of_ten() {
        let axis = Decades::around([0.4, 0.0, 230.0].into_iter());
        assert_eq!(texts(&axis.ticks(latency)), ["0.1 ms", "1 ms", "10 ms", "100 ms", "1 s"]);
        assert!((axis.place(10.0) - 0.5).abs() < 1e-9);
        assert_eq!((axis.place(0.0), axis.place(f64::NAN), axis.place(1e9)), (0.0, 0.0, 1.0));
        assert_eq!(texts(&Decades::around([].into_iter()).ticks(latency)), ["1 ms", "10 ms"]);
        assert_eq!(texts(&Decades::around([1.0].into_iter()).ticks(latency)), ["1 ms", "10 ms"]);
    }

    #[test]
    fn times_are_those_of_a_watch() {
        let of = |span| Time::of(span).ticks(8);
        assert_eq!(texts(&of(31.2)), ["0 s", "5 s", "10 s", "15 s", "20 s", "25 s", "30 s"]);
        assert_eq!(of(100.0)[1].text, "15 s");
        assert_eq!(of(1_800.0)[1].text, "5:00");
        assert_eq!(of(86_400.0)[1].text, "3 h 00");
        assert_eq!(texts(&of(0.0)).first(), Some(&"0 s"), "a run of no length");
        assert!(of(31.2).len() <= 9 && of(1.1e6).len() <= 9);
    }
}
