//! Milliseconds since 1970 as RFC 3339 text, in UTC with milliseconds, and back from any text
//! with a date, a time and a distance from UTC. What is written here is read as the same.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

/// The last millisecond that has a four-digit year.
const LAST_MILLIS: u64 = 253_402_300_799_999;

/// `2026-11-21T06:53:34.250Z`. Times after the year 9999 become its last millisecond, since
/// RFC 3339 has no later ones.
pub(crate) fn rfc3339(millis: u64) -> String {
    let millis = millis.min(LAST_MILLIS);
    let (days, millis_of_day) = (millis / 86_400_000, millis % 86_400_000);
    let (year, month, day) = civil_from_days(days);
    let (hour, minute) = (millis_of_day / 3_600_000, millis_of_day / 60_000 % 60);
    let (second, milli) = (millis_of_day / 1_000 % 60, millis_of_day % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// The milliseconds of `2026-11-21T06:53:34.250Z` or `2026-11-21T07:53:34+01:00`; finer parts of
/// a second are cut. `None` for what is no such text, or before 1970.
pub(crate) fn millis_of_rfc3339(text: &str) -> Option<u64> {
    let moment: Timestamp = text.parse().ok()?;
    u64::try_from(moment.as_millisecond()).ok()
}

/// The wall clock.
pub(crate) fn now_millis() -> u64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since_epoch.unwrap_or(Duration::ZERO).as_millis() as u64
}

/// Year, month and day of the proleptic Gregorian calendar, from days since 1970-01-01: Howard
/// Hinnant's `civil_from_days`, for days that are not negative.
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    // Years begin in March here, so that the leap day is the last of its year.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(millis: u64, expect: &str) {
        assert_eq!(rfc3339(millis), expect);
    }

    #[test]
    fn times_are_written_as_rfc_3339() {
        check(0, "1970-01-01T00:00:00.000Z");
        check(951_782_400_000, "2000-02-29T00:00:00.000Z");
        check(951_868_799_999, "2000-02-29T23:59:59.999Z");
        check(1_078_012_800_000, "2004-02-29T00:00:00.000Z");
        check(1_795_244_014_250, "2026-11-21T06:53:34.250Z");
        check(4_107_542_399_999, "2100-02-28T23:59:59.999Z");
        check(4_107_542_400_000, "2100-03-01T00:00:00.000Z");
        check(u64::MAX, "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn what_rfc_3339_allows_is_read() {
        let check = |text: &str, expect: Option<u64>| {
            assert_eq!(millis_of_rfc3339(text), expect, "{text}");
        };
        check("2026-11-21T06:53:34.250Z", Some(1_795_244_014_250));
        check("2026-11-21t06:53:34.2509999z", Some(1_795_244_014_250));
        check("2026-11-21 06:53:34Z", Some(1_795_244_014_000));
        check("2026-11-21T06:53:34.2Z", Some(1_795_244_014_200));
        check("2026-11-21T07:53:34.25+01:00", Some(1_795_244_014_250));
        check("2026-11-20T22:23:34.25-08:30", Some(1_795_244_014_250));
        check("1970-01-01T00:00:00Z", Some(0));
        for bad in [
            "",
            "2026-11-21",
            "2026-11-21T06:53:34",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01T25:00:00Z",
            "2026-01-01T00:00:00ZZ",
            "2026/01/01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+00:01",
            "２026-01-01T00:00:00Z",
        ] {
            check(bad, None);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn what_is_written_is_read_as_the_same(millis in 0..=LAST_MILLIS) {
            prop_assert_eq!(millis_of_rfc3339(&rfc3339(millis)), Some(millis));
        }

        #[test]
        fn what_is_read_is_written_as_the_same_moment(
            day in "[12][0-9]{3}-[01][0-9]-[0-3][0-9]",
            time in "[T ][0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{1,4}",
            zone in "Z|[+-]0[0-9]:[0-5][0-9]",
        ) {
            if let Some(millis) = millis_of_rfc3339(&format!("{day}{time}{zone}")) {
                prop_assert_eq!(millis_of_rfc3339(&rfc3339(millis)), Some(millis));
            }
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut before = civil_from_days(0);
        for days in 1..200_000 {
            let (year, month, day) = civil_from_days(days);
            let expected_next = if day > 1 {
                (before.0, before.1, before.2 + 1)
            } else if month > 1 {
                (before.0, before.1 + 1, 1)
            } else {
                (before.0 + 1, 1, 1)
            };
            assert_eq!((year, month, day), expected_next, "day {days}");
            before = (year, month, day);
        }
        assert_eq!(before, (2517, 7, 31));
    }
}
