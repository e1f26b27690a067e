//! A moment as people write it: a time, milliseconds, or a fact's number.

use std::str::FromStr;

use inventory_core::ids::Lsn;
use inventory_core::time::Timestamp;
use inventory_engine::past::Until;

/// The value of `--until`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct UntilFlag(pub(super) Until);

/// What a moment is not.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "a moment is a time such as 2026-11-28T20:15:00Z or 2026-11-28T21:15:00+01:00, milliseconds \
     since 1970, lsn: and the number of a fact from 1 on, or the word end"
)]
pub(super) struct NoMoment;

impl FromStr for UntilFlag {
    type Err = NoMoment;

    fn from_str(text: &str) -> Result<Self, NoMoment> {
        let number = |text: &str| {
            let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            is_plain.then(|| text.parse::<u64>().ok()).flatten()
        };
        let until = if text == "end" {
            Until::End
        } else if let Some(lsn) = text.strip_prefix("lsn:") {
            Until::Through(Lsn(number(lsn).filter(|lsn| *lsn > 0).ok_or(NoMoment)?))
        } else if let Some(millis) = number(text) {
            Until::At(Timestamp(millis))
        } else {
            let time = jiff::Timestamp::from_str(text).map_err(|_| NoMoment)?;
            // Facts have whole milliseconds, and one of this millisecond counts.
            let millis = u64::try_from(time.as_millisecond()).map_err(|_| NoMoment)?;
            Until::At(Timestamp(millis))
        };
        Ok(Self(until))
    }
}

/// A time in UTC; one that no calendar has, in milliseconds.
pub(super) fn at(time: Timestamp) -> String {
    let known = i64::try_from(time.0).ok();
    let known = known.and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
    known.map_or_else(|| format!("{} ms", time.0), |time| format!("{time:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_or_a_fact() {
        let at_millis = |millis| Until::At(Timestamp(millis));
        for (text, until) in [
            ("end", Until::End),
            ("lsn:123", Until::Through(Lsn(123))),
            ("1763000000000", at_millis(1_763_000_000_000)),
            ("0", at_millis(0)),
            ("2025-11-13T02:13:20Z", at_millis(1_763_000_000_000)),
            ("2025-11-13T03:13:20.0019+01:00", at_millis(1_763_000_000_001)),
        ] {
            assert_eq!(text.parse(), Ok(UntilFlag(until)), "{text}");
        }
        for nonsense in [
            "",
            "yesterday",
            "lsn:",
            "lsn:0",
            "lsn:-1",
            "lsn:1.5",
            "-5",
            "+5",
            "99999999999999999999",
            "2025-11-13",
            "2025-11-13T02:13:20",
            "1969-12-31T23:59:59Z",
            "2025-13-45T00:00:00Z",
        ] {
            assert_eq!(nonsense.parse::<UntilFlag>(), Err(NoMoment), "{nonsense}");
        }
        assert_eq!(at(Timestamp(1_763_000_000_000)), "2025-11-13T02:13:20.000Z");
        assert_eq!(at(Timestamp(u64::MAX)), "18446744073709551615 ms");
    }
}
