//! The settings that come as `HOLDFAST_*` variables.
//!
//! A variable with this prefix that is no setting is an error: a misspelt one would otherwise
//! leave the program running with a default that nobody meant.

use std::ffi::OsString;
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use super::error::ConfigError;
use super::layer::SettingFlags;

const PREFIX: &str = "HOLDFAST_";
/// Variables of the tests, which the processes that they start inherit.
const TEST_PREFIX: &str = "HOLDFAST_TEST_";
/// How many changed letters still make a name close to another.
const CLOSE_DISTANCE_MAX: usize = 2;

/// Reads the settings among `variables`, whatever else is among them.
pub(super) fn read(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<SettingFlags, ConfigError> {
    let mut flags = SettingFlags::default();
    for (name, value) in variables {
        // A name that is not Unicode is none of ours, and cannot be close to one either.
        let Some(name) = name.to_str() else { continue };
        let Some(key) = name.strip_prefix(PREFIX) else { continue };
        if name.starts_with(TEST_PREFIX) {
            continue;
        }
        let bad = |problem| ConfigError::VariableInvalid {
            name: name.to_owned(),
            // One that is misspelt may still be close to somebody's secret.
            value: if is_secret(key) { "…".into() } else { value.to_string_lossy().into() },
            problem,
        };
        let text = value.to_str().ok_or_else(|| bad("not Unicode".to_owned()))?;
        match set(&mut flags, key, text) {
            Some(set) => set.map_err(bad)?,
            None => {
                let close = close_names(name);
                return Err(ConfigError::VariableUnknown { name: name.to_owned(), close });
            }
        }
    }
    Ok(flags)
}

/// Whether a value is shown to nobody.
fn is_secret(key: &str) -> bool {
    matches!(key, "ADMIN_TOKEN" | "DATABASE_URL" | "REDIS_URL")
}

/// Sets the setting whose variable ends in `key`; none if there is no such setting.
fn set(flags: &mut SettingFlags, key: &str, text: &str) -> Option<Result<(), String>> {
    let layer = &mut flags.layer;
    Some(match key {
        "CONFIG" => put_path(&mut flags.config, text),
        "DATA_DIR" => put_path(&mut layer.data_dir, text),
        "HTTP" => put(&mut layer.http, text),
        "GRPC" => put(&mut layer.grpc, text),
        "CHART" => put_path(&mut layer.chart, text),
        "ENGINE" => put(&mut layer.engine, text),
        "WRITERS" => put(&mut layer.writers, text),
        "HOLD_SECS" => put(&mut layer.hold_secs, text),
        "BUYER_SEATS_MAX" => put(&mut layer.buyer_seats_max, text),
        "ADMIN_TOKEN" => put(&mut layer.admin_token, text),
        "REDIS_URL" => put(&mut layer.redis_url, text),
        "LIMIT_USER" => put(&mut layer.limit_user, text),
        "LIMIT_ADDRESS" => put(&mut layer.limit_address, text),
        "LIMIT_EVENT" => put(&mut layer.limit_event, text),
        "LIMIT_READS" => put(&mut layer.limit_reads, text),
        "TRUSTED_PROXIES" => put(&mut layer.trusted_proxies, text),
        "LOG" => put(&mut layer.log, text),
        "LOG_FORMAT" => put(&mut layer.log_format, text),
        "METRICS" => put(&mut layer.metrics, text),
        "HISTORY_RETENTION_DAYS" => put(&mut layer.history_retention_days, text),
        "DATABASE_URL" => put(&mut layer.database_url, text),
        "ACK" => put(&mut layer.ack, text),
        "JOURNAL_BUDGET_BYTES" => put(&mut layer.journal_budget_bytes, text),
        "JOURNAL_SEGMENT_BYTES" => put(&mut layer.journal_segment_bytes, text),
        _ => return None,
    })
}

fn put<T: FromStr<Err: Display>>(setting: &mut Option<T>, text: &str) -> Result<(), String> {
    *setting = Some(text.parse().map_err(|problem: T::Err| problem.to_string())?);
    Ok(())
}

fn put_path(setting: &mut Option<PathBuf>, text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("not a path; unset the variable to use the default".to_owned());
    }
    *setting = Some(PathBuf::from(text));
    Ok(())
}

/// The variables of all settings, which are the names of their flags.
pub(super) fn names() -> Vec<String> {
    let flags = <SettingFlags as clap::Args>::augment_args(clap::Command::new("settings"));
    let name = |flag: &clap::Arg| format!("{PREFIX}{}", flag.get_id().as_str().to_uppercase());
    flags.get_arguments().map(name).collect()
}

/// The variables that somebody who wrote `name` may have meant, the closest first.
fn close_names(name: &str) -> Vec<String> {
    let mut close: Vec<(usize, String)> = names()
        .into_iter()
        .map(|known| (distance(name, &known), known))
        .filter(|(distance, _)| *distance <= CLOSE_DISTANCE_MAX)
        .collect();
    close.sort();
    close.into_iter().map(|(_, known)| known).collect()
}

/// How many letters have to be added, left out or changed to make one name of the other
/// (Levenshtein's distance, a row of its table at a time).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (above, letter) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], above + 1);
        for (column, other) in to.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_letters() {
        for (from, to, expected) in [
            ("", "", 0),
            ("HTTP", "HTTP", 0),
            ("HTTP", "HTP", 1),
            ("GRPC", "HTTP", 4),
            ("", "AB", 2),
        ] {
            assert_eq!(distance(from, to), expected, "{from} {to}");
            assert_eq!(distance(to, from), expected, "{to} {from}");
        }
    }

    #[test]
    fn the_closest_name_comes_first() {
        assert_eq!(close_names("HOLDFAST_HTPP"), ["HOLDFAST_HTTP"]);
        assert_eq!(close_names("HOLDFAST_DATADIR"), ["HOLDFAST_DATA_DIR"]);
        assert!(close_names("HOLDFAST_SOMETHING_ELSE").is_empty());
    }
}
