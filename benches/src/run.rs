//! A run: every row that is asked for, one after the other, and then the table, the JSON and the
//! page.
//!
//! Must always hold: a row that fails ends the run with its words; nothing is written that was
//! not measured.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};

use crate::report::machine::{Machine, load};
use crate::report::page::{Settings, page};
use crate::report::{Outcome, json_lines, say, table, thousands, write_file};
use crate::rounds::{Figures, ROUNDS_MIN, alternate};
use crate::rows::{Row, Shape, named};
use crate::side::Setting;
use crate::workload::Load;

/// Seconds that count of each round, unless one says otherwise.
const MEASURED_SECS: f64 = 4.0;
/// As short as leaves time, within two minutes, for getting all rows ready.
const MEASURED_SECS_QUICK: f64 = 0.5;

/// Warm-up is this part of what counts.
const WARM_UP_PART: f64 = 0.25;

/// The picks of every run are the same.
const SEED: u64 = 20_261_128;

/// What a run is told.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Two minutes in the place of twenty: shorter rounds, rougher figures
    #[arg(long)]
    pub quick: bool,
    /// Only rows with these words in their names
    #[arg(long, value_name = "WORDS")]
    pub only: Option<String>,
    /// Rounds of each side
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(3..=99))]
    pub rounds: Option<u32>,
    /// Seconds that count of each round
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub seconds: Option<f64>,
    /// Write an object of JSON a row to this file
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the page to this file
    #[arg(long, value_name = "FILE")]
    pub page: Option<PathBuf>,
    /// The program to measure; beside this one unless one says otherwise
    #[arg(long, value_name = "FILE")]
    pub holdfast: Option<PathBuf>,
    /// Where data directories are made; on the disk that is to be measured
    #[arg(long, value_name = "DIR", default_value = "target/bench")]
    pub folder: PathBuf,
    /// The profile that the programs were built with, for the page
    #[arg(long, value_name = "NAME", default_value = "dist")]
    pub profile: String,
}

/// Reads a number of seconds that makes sense.
fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    if (0.1..=60.0).contains(&seconds) { Ok(seconds) } else { Err("0.1 to 60".to_owned()) }
}

impl Options {
    fn measured(&self) -> Duration {
        let usual = if self.quick { MEASURED_SECS_QUICK } else { MEASURED_SECS };
        Duration::from_secs_f64(self.seconds.unwrap_or(usual))
    }

    fn load(&self, shape: Shape) -> Load {
        let measured = self.measured();
        Load {
            events: shape.events,
            seats: shape.seats,
            clients: shape.clients,
            depth: shape.depth,
            warm_up: measured.mul_f64(WARM_UP_PART),
            measured,
            seed: SEED,
        }
    }

    fn rounds(&self, row: &Row) -> u32 {
        self.rounds.unwrap_or(ROUNDS_MIN).max(row.rounds_min)
    }

    fn setting(&self, row: &Row) -> anyhow::Result<Setting> {
        let bench = std::env::current_exe().context("find this program")?;
        let holdfast = self.holdfast.clone().unwrap_or_else(|| bench.with_file_name("holdfast"));
        ensure!(holdfast.is_file(), "there is no {}: build holdfast first", holdfast.display());
        let folder = std::path::absolute(&self.folder).context("find the folder")?;
        Ok(Setting { holdfast, bench, folder, rounds: self.rounds(row) })
    }
}

/// Runs the rows and tells what came of them.
///
/// # Errors
/// If a row fails, or there is none of that name.
pub async fn run(options: &Options) -> anyhow::Result<()> {
    let rows = named(options.only.as_deref());
    ensure!(!rows.is_empty(), "no row has {:?} in its name", options.only);
    let (started, load_before) = (Instant::now(), load());
    let mut outcomes = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let outcome = run_row(options, row).await.with_context(|| row.name)?;
        say(&format!("{}/{} {}\n", number + 1, rows.len(), in_words(&outcome)))?;
        outcomes.push(outcome);
    }
    let took = started.elapsed().as_secs_f64();
    say(&format!("\n{}\n{} rows in {took:.0} s\n", table(&outcomes), outcomes.len()))?;
    if let Some(path) = &options.json {
        write_file(path, &json_lines(&outcomes)?)?;
    }
    if let Some(path) = &options.page {
        write_file(path, &page(&Machine::this(), &settings(options, load_before), &outcomes))?;
    }
    Ok(())
}

async fn run_row(options: &Options, row: &Row) -> anyhow::Result<Outcome> {
    let setting = options.setting(row)?;
    let load = options.load(row.shape);
    let load_of_peer = options.load(row.peer_shape.unwrap_or(row.shape));
    let mut ours = (row.ours)(&setting, &load).await?;
    let mut peer = (row.peer)(&setting, &load_of_peer).await?;
    let figures =
        alternate((&mut *ours, &load), (&mut *peer, &load_of_peer), setting.rounds).await?;
    peer.finish().await.context("the peer's end")?;
    ours.finish().await.context("our end")?;
    Ok(Outcome::of(row, figures))
}

/// A row while the others are still to come, with what its rounds differ by.
fn in_words(outcome: &Outcome) -> String {
    let side = |of: &Figures| {
        let (slowest, fastest) = of.per_second_range;
        let [rate, slowest, fastest] = [of.per_second, slowest, fastest].map(thousands);
        format!("{rate}/s ({slowest} to {fastest})")
    };
    let (ours, peer) = (side(&outcome.ours), side(&outcome.peer));
    let ratio = outcome.ratio();
    format!("{}: ours {ours}, {} {peer}, ratio {ratio:.2}", outcome.name, outcome.peer_name)
}

fn settings(options: &Options, load_before: String) -> Settings {
    let measured = options.measured();
    Settings {
        profile: options.profile.clone(),
        rounds: options.rounds.unwrap_or(ROUNDS_MIN),
        warm_up_secs: measured.mul_f64(WARM_UP_PART).as_secs_f64(),
        measured_secs: measured.as_secs_f64(),
        date: today(),
        load_before,
    }
}

/// The day, by UTC.
fn today() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    date((since.as_secs() / (24 * 60 * 60)) as i64)
}

/// The date of a day counted from 1970-01-01, in the Gregorian calendar: days are counted within
/// eras of 400 years that begin on the first of March (Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", `civil_from_days`).
fn date(day: i64) -> String {
    const ERA_DAYS: i64 = 146_097;
    let since_march_of_0 = day + 719_468;
    let era = since_march_of_0.div_euclid(ERA_DAYS);
    let day_of_era = since_march_of_0.rem_euclid(ERA_DAYS);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day_of_month:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_dates() {
        for (day, expected) in
            [(0, "1970-01-01"), (59, "1970-03-01"), (11_016, "2000-02-29"), (20_785, "2026-11-28")]
        {
            assert_eq!(date(day), expected);
        }
    }

    #[test]
    fn seconds_make_sense() {
        assert_eq!(seconds("2.5"), Ok(2.5));
        for nonsense in ["0", "-1", "NaN", "61", "soon"] {
            assert!(seconds(nonsense).is_err(), "{nonsense}");
        }
    }
}
