//! Numbers as people read them: grouped, rounded to what matters, with their unit. None of these
//! functions fails on a number that makes no sense; it shows a dash instead.

/// 12345 is `12,345`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 seat`, `2 seats`.
pub(super) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// For an axis: 12500 is `12.5k`.
pub(super) fn short(number: f64) -> String {
    let (scaled, unit) = match number.abs() {
        size if size >= 1e9 => (number / 1e9, "G"),
        size if size >= 1e6 => (number / 1e6, "M"),
        size if size >= 1e3 => (number / 1e3, "k"),
        _ => (number, ""),
    };
    format!("{}{unit}", plain(scaled, 2))
}

/// At most so many decimals, without zeros at the end.
pub(super) fn plain(number: f64, decimals: usize) -> String {
    if !number.is_finite() {
        return "–".to_owned();
    }
    let text = format!("{number:.decimals$}");
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A rate: whole numbers from ten on.
pub(super) fn rate(number: f64) -> String {
    match number {
        number if !number.is_finite() => "–".to_owned(),
        number if number >= 10.0 => count(number.round() as u64),
        number => plain(number, 1),
    }
}

/// A latency, three digits at most: `0.42 ms`, `42 ms`, `1.23 s`.
pub(super) fn latency(millis: f64) -> String {
    match millis {
        millis if !millis.is_finite() => "–".to_owned(),
        millis if millis < 9.995 => format!("{} ms", plain(millis, 2)),
        millis if millis < 99.95 => format!("{} ms", plain(millis, 1)),
        millis if millis < 999.5 => format!("{millis:.0} ms"),
        millis if millis < 9_995.0 => format!("{} s", plain(millis / 1e3, 2)),
        millis => duration(millis / 1e3),
    }
}

/// A time: `4.2 s`, `2 min 05 s`, `1 h 02 min`.
pub(super) fn duration(secs: f64) -> String {
    match secs {
        secs if !secs.is_finite() => "–".to_owned(),
        secs if secs < 0.995 => format!("{} s", plain(secs, 2)),
        secs if secs < 119.95 => format!("{} s", plain(secs, 1)),
        secs if secs < 7_199.5 => {
            let whole = secs.round() as u64;
            format!("{} min {:02} s", whole / 60, whole % 60)
        }
        secs => {
            let minutes = (secs / 60.0).round() as u64;
            format!("{} h {:02} min", minutes / 60, minutes % 60)
        }
    }
}

/// The same in words for a headline: `31.2 seconds`.
pub(super) fn duration_in_words(secs: f64) -> String {
    if (0.0..119.95).contains(&secs) {
        let number = plain(secs, if secs < 0.995 { 2 } else { 1 });
        let unit = if number == "1" { "second" } else { "seconds" };
        return format!("{number} {unit}");
    }
    duration(secs)
}

/// A part of a whole; what is there is never shown as nothing, nor a part as all.
pub(super) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let share = part as f64 * 100.0 / whole as f64;
    match part {
        0 => "0 %".to_owned(),
        _ if share < 0.1 => "under 0.1 %".to_owned(),
        part if part < whole && share > 99.9 => "over 99.9 %".to_owned(),
        _ => format!("{} %", plain(share, 1)),
    }
}

/// `21 November 2026, 11:17:28 UTC`, of milliseconds since 1970.
pub(super) fn date(unix_millis: u64) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let secs = unix_millis / 1_000;
    let (year, month, day) = civil(secs / 86_400);
    let (hour, minute, second) = (secs / 3_600 % 24, secs / 60 % 60, secs % 60);
    let month = MONTHS[month as usize - 1];
    format!("{day} {month} {year}, {hour:02}:{minute:02}:{second:02} UTC")
}

/// Year, month (1 to 12) and day of a day since 1970, by Howard Hinnant's `civil_from_days`:
/// years begin in March, so that the leap day is the last.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
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
    use super::*;

    #[test]
    fn numbers_read_well() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), text);
        }
        for (number, text) in [(0.0, "0"), (2.5, "2.5"), (12_500.0, "12.5k"), (3e6, "3M")] {
            assert_eq!(short(number), text);
        }
        for (millis, text) in [
            (0.0, "0 ms"),
            (0.421, "0.42 ms"),
            (4.2, "4.2 ms"),
            (99.96, "100 ms"),
            (1_234.0, "1.23 s"),
            (31_200.0, "31.2 s"),
            (600_000.0, "10 min 00 s"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(latency(millis), text);
        }
        for (secs, text) in [(0.25, "0.25 s"), (31.24, "31.2 s"), (125.0, "2 min 05 s")] {
            assert_eq!(duration(secs), text);
        }
        assert_eq!(duration(7_320.0), "2 h 02 min");
        assert_eq!(duration_in_words(31.24), "31.2 seconds");
        assert_eq!(duration_in_words(1.0), "1 second");
        assert_eq!(duration_in_words(0.114), "0.11 seconds");
    }

    #[test]
    fn a_share_is_neither_nothing_nor_all_by_rounding() {
        assert_eq!(percent(0, 0), "–");
        assert_eq!(percent(0, 7), "0 %");
        assert_eq!(percent(1, 100_000), "under 0.1 %");
        assert_eq!(percent(99_999, 100_000), "over 99.9 %");
        assert_eq!(percent(1, 8), "12.5 %");
        assert_eq!(percent(8, 8), "100 %");
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (secs, text) in [
            (0, "1 January 1970, 00:00:00 UTC"),
            (951_782_400, "29 February 2000, 00:00:00 UTC"),
            (1_795_259_848, "21 November 2026, 11:17:28 UTC"),
            (4_107_542_399, "28 February 2100, 23:59:59 UTC"),
            (4_107_542_400, "1 March 2100, 00:00:00 UTC"),
        ] {
            assert_eq!(date(secs * 1_000), text);
        }
    }
}
