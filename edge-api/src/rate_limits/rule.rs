//! A limit as an operator writes it: so many a second, a minute or an hour, and so many at once.

use std::fmt;
use std::str::FromStr;

use super::gcra::Pace;
use crate::limits::{RATE_LIMIT_BURST_MAX, RATE_LIMIT_COUNT_MAX};

/// How often something may be done: `20/s`, `600/m`, `100/h`, or with how often at once,
/// `20/s,burst=40`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RateLimit {
    count: u32,
    period: Period,
    burst: u32,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Period {
    Second,
    Minute,
    Hour,
}

/// Why a text is no limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RateLimitError {
    /// It has another form.
    #[error("not a limit, such as 20/s, 600/m, 100/h or 20/s,burst=40")]
    Form,
    /// The number in front.
    #[error("not a limit: a whole number from 1 to {RATE_LIMIT_COUNT_MAX} comes in front of the /")]
    Count,
    /// The letter behind the `/`.
    #[error("not a limit: behind the / comes s, m or h, for a second, a minute or an hour")]
    Period,
    /// The number that may come at once.
    #[error("not a limit: burst= takes a whole number from 1 to {RATE_LIMIT_BURST_MAX}")]
    Burst,
}

impl RateLimit {
    /// What it comes to. No more than the count ever fits into a period: what does not divide
    /// evenly is rounded up.
    pub(crate) fn pace(self) -> Pace {
        let interval_micros = self.period.micros().div_ceil(u64::from(self.count));
        Pace { interval_micros, full_micros: interval_micros * u64::from(self.burst) }
    }

    /// How many may come at once after a pause.
    pub(crate) fn burst(self) -> u32 {
        self.burst
    }

    /// The time in which that many come back, in whole seconds.
    pub(crate) fn window_secs(self) -> u64 {
        self.pace().full_micros.div_ceil(1_000_000)
    }
}

impl Period {
    const fn micros(self) -> u64 {
        match self {
            Self::Second => 1_000_000,
            Self::Minute => 60_000_000,
            Self::Hour => super::HOUR_MICROS,
        }
    }

    fn letter(self) -> char {
        match self {
            Self::Second => 's',
            Self::Minute => 'm',
            Self::Hour => 'h',
        }
    }
}

impl FromStr for RateLimit {
    type Err = RateLimitError;

    fn from_str(text: &str) -> Result<Self, RateLimitError> {
        let (rate, burst) = match text.split_once(',') {
            Some((rate, burst)) => {
                (rate, Some(burst.strip_prefix("burst=").ok_or(RateLimitError::Form)?))
            }
            None => (text, None),
        };
        let (count, period) = rate.split_once('/').ok_or(RateLimitError::Form)?;
        let count = number(count, RATE_LIMIT_COUNT_MAX).ok_or(RateLimitError::Count)?;
        let period = match period {
            "s" => Period::Second,
            "m" => Period::Minute,
            "h" => Period::Hour,
            _ => return Err(RateLimitError::Period),
        };
        let burst = match burst {
            Some(burst) => number(burst, RATE_LIMIT_BURST_MAX).ok_or(RateLimitError::Burst)?,
            None => count,
        };
        Ok(Self { count, period, burst })
    }
}

fn number(text: &str, max: u32) -> Option<u32> {
    // `u32::from_str` would take a sign.
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if is_digits { text.parse().ok()? } else { return None };
    (1..=max).contains(&number).then_some(number)
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.count, self.period.letter())?;
        if self.burst == self.count { Ok(()) } else { write!(f, ",burst={}", self.burst) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_count_a_period_and_a_burst() {
        let check = |text: &str, interval_micros: u64, full_micros: u64| {
            let limit: RateLimit = text.parse().unwrap();
            assert_eq!(limit.pace(), Pace { interval_micros, full_micros }, "{text}");
            assert_eq!(limit.to_string(), text);
        };
        check("20/s", 50_000, 1_000_000);
        check("20/s,burst=40", 50_000, 2_000_000);
        check("600/m", 100_000, 60_000_000);
        check("1/h", 3_600_000_000, 3_600_000_000);
        check("100/h,burst=5", 36_000_000, 180_000_000);
        check("1000000/s,burst=1", 1, 1);
        // Three do not divide a second: rounded up, so that never more than three fit.
        check("3/s", 333_334, 1_000_002);
        assert_eq!("7/m,burst=7".parse::<RateLimit>().unwrap().to_string(), "7/m");
        assert_eq!("3/s".parse::<RateLimit>().unwrap().window_secs(), 2);
    }

    #[test]
    fn a_text_that_is_no_limit_is_told_why() {
        use RateLimitError::{Burst, Count, Form, Period};
        for (text, expected) in [
            ("", Form),
            ("20", Form),
            ("20 per second", Form),
            ("20/s,40", Form),
            ("20/s, burst=40", Form),
            ("20,burst=40", Form),
            ("/s", Count),
            ("0/s", Count),
            ("-1/s", Count),
            ("+1/s", Count),
            ("1.5/s", Count),
            (" 1/s", Count),
            ("1000001/s", Count),
            ("99999999999999999999/s", Count),
            ("20/", Period),
            ("20/d", Period),
            ("20/S", Period),
            ("20/1s", Period),
            ("20/s,burst=", Burst),
            ("20/s,burst=0", Burst),
            ("20/s,burst=1000001", Burst),
            ("20/s,burst=4,burst=5", Burst),
        ] {
            assert_eq!(text.parse::<RateLimit>(), Err(expected), "{text:?}");
        }
        assert!(Count.to_string().contains("1 to 1000000"), "{Count}");
    }
}
