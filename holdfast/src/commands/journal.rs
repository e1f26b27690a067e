//! `holdfast journal`: the journal of a data directory, for people and for scripts.
//!
//! The commands only read, need no lock, and may run while an engine writes. A damaged journal
//! makes the exit code 1, after everything in front of the damage was given out.

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use persistence::dump::dump;
use persistence::verify::{Outcome, verify};

use crate::config::{DataDirFlags, Settings};

/// What can be done with a journal.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum JournalCommand {
    /// Check every batch, and say what is in the journal and whether it is whole
    Verify(DataDirFlags),
    /// Print every fact as one line of JSON
    Dump(DataDirFlags),
    /// Hold what a Postgres has against a replay of the journal, row by row
    Compare(super::compare::CompareArgs),
}

/// Does what was asked for.
pub(crate) fn run(command: JournalCommand) -> anyhow::Result<ExitCode> {
    match command {
        JournalCommand::Verify(flags) => {
            let settings = Settings::resolve(flags.into())?;
            verify_to(&settings.data_dir, &mut io::stdout().lock())
        }
        JournalCommand::Dump(flags) => {
            let settings = Settings::resolve(flags.into())?;
            let mut stdout = BufWriter::new(io::stdout().lock());
            dump_to(&settings.data_dir, &mut stdout, &mut io::stderr().lock())
        }
        JournalCommand::Compare(args) => super::compare::run(args),
    }
}

fn verify_to(data_dir: &Path, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let verification = verify(data_dir)?;
    quiet_if_unread(writeln!(out, "{verification}").and_then(|()| out.flush()))?;
    // An unsynced tail was never acknowledged: a killed engine leaves one, and nothing is lost.
    Ok(match verification.outcome() {
        Outcome::Whole | Outcome::UnsyncedTail => ExitCode::SUCCESS,
        Outcome::Damaged => ExitCode::FAILURE,
    })
}

fn dump_to(
    data_dir: &Path,
    out: &mut impl Write,
    problems: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let records = dump(data_dir)?;
    if records.begins_with() > 1 {
        let first = records.begins_with();
        writeln!(problems, "history begins with batch {first}; what was in front has been pruned")
            .context("reporting")?;
    }
    for record in records {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                quiet_if_unread(out.flush())?;
                writeln!(problems, "{error}").context("reporting")?;
                return Ok(ExitCode::FAILURE);
            }
        };
        let written = serde_json::to_writer(&mut *out, &record).map_err(io::Error::from);
        if !quiet_if_unread(written.and_then(|()| out.write_all(b"\n")))? {
            return Ok(ExitCode::SUCCESS);
        }
    }
    quiet_if_unread(out.flush())?;
    Ok(ExitCode::SUCCESS)
}

/// Whether somebody still reads. A reader that has seen enough is no failure.
fn quiet_if_unread(written: io::Result<()>) -> anyhow::Result<bool> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error).context("writing to stdout"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;
    use std::sync::Arc;

    use inventory_core::digest::Digest;
    use inventory_core::fact::{Change, Fact};
    use inventory_core::ids::{EventId, Lsn, SeatIndex, ShardId};
    use inventory_core::spots::Spots;
    use inventory_core::time::Timestamp;
    use persistence::batch::Batch;
    use persistence::dir::DataDir;
    use persistence::file::Options;
    use persistence::file::recovery::Recovery;
    use persistence::journal::{Append, Journal};
    use tempfile::TempDir;

    use super::*;

    /// A data directory with a journal of three batches with a fact each.
    fn three_batches() -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let dir = DataDir::open(folder.path()).unwrap();
        // The least that a segment may have.
        let recovery = Recovery::open(dir, Options { segment_bytes: 0 }).unwrap();
        let (mut journal, _) = recovery.finish().unwrap();
        for number in 1..=3 {
            let fact = Fact {
                lsn: Lsn(number),
                at: Timestamp(1_000 * number),
                event_id: EventId(7),
                request: None,
                change: Change::SpotsBlocked { spots: Spots::of_seats([SeatIndex(number as u32)]) },
            };
            let facts = vec![Arc::new(fact)];
            let epoch = journal.epoch();
            let batch =
                Batch::new(ShardId(3), epoch, number, facts, Digest(u128::from(number))).unwrap();
            assert!(matches!(journal.append(&[batch]), Append::Durable));
        }
        drop(journal);
        folder
    }

    /// Flips a bit of the second batch: the third says that it was durable.
    fn damage(data_dir: &Path) {
        let segments = fs::read_dir(data_dir.join("journal")).unwrap();
        let segments = segments.map(|entry| entry.unwrap().path());
        let used_bytes = |path: &PathBuf| {
            let bytes = fs::read(path).unwrap();
            bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
        };
        // Spare segments are empty. Behind the header there are three records of one length.
        let path = segments.max_by_key(used_bytes).unwrap();
        let middle = used_bytes(&path) / 2;
        let mut bytes = fs::read(&path).unwrap();
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
    }

    fn code_and_text(
        run: impl FnOnce(&mut Vec<u8>) -> anyhow::Result<ExitCode>,
    ) -> (String, String) {
        let mut out = Vec::new();
        let code = run(&mut out).unwrap();
        (format!("{code:?}"), String::from_utf8(out).unwrap())
    }

    fn success() -> String {
        format!("{:?}", ExitCode::SUCCESS)
    }

    fn failure() -> String {
        format!("{:?}", ExitCode::FAILURE)
    }

    #[test]
    fn a_whole_journal_is_verified_and_dumped() {
        let folder = three_batches();
        let (code, report) = code_and_text(|out| verify_to(folder.path(), out));
        assert_eq!(code, success(), "{report}");
        assert!(report.contains("3 facts in 3 batches"), "{report}");

        let mut problems = Vec::new();
        let (code, lines) = code_and_text(|out| dump_to(folder.path(), out, &mut problems));
        assert_eq!(code, success());
        assert_eq!(problems, b"");
        let facts: Vec<serde_json::Value> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(facts.len(), 3);
        assert_eq!(facts[1]["lsn"], 2);
        assert_eq!(facts[1]["shard"], 3);
        assert_eq!(facts[1]["change"], "spots_blocked");
        assert_eq!(facts[1]["seats"], serde_json::json!([2]));
    }

    #[test]
    fn damage_is_said_after_what_can_be_read() {
        let folder = three_batches();
        damage(folder.path());
        let (code, report) = code_and_text(|out| verify_to(folder.path(), out));
        assert_eq!(code, failure(), "{report}");
        assert!(report.contains("damaged"), "{report}");

        let mut problems = Vec::new();
        let (code, lines) = code_and_text(|out| dump_to(folder.path(), out, &mut problems));
        assert_eq!(code, failure());
        assert!(lines.lines().count() < 3, "{lines}");
        assert!(String::from_utf8(problems).unwrap().contains("damaged"));
    }

    #[test]
    fn a_reader_that_left_ends_the_dump_quietly() {
        let folder = three_batches();
        let (reader, mut writer) = io::pipe().unwrap();
        drop(reader);
        let mut problems = Vec::new();
        let code = dump_to(folder.path(), &mut writer, &mut problems).unwrap();
        assert_eq!((format!("{code:?}"), problems), (success(), Vec::new()));
    }

    #[test]
    fn a_folder_without_data_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        for error in [
            verify_to(folder.path(), &mut Vec::new()).unwrap_err(),
            dump_to(folder.path(), &mut Vec::new(), &mut Vec::new()).unwrap_err(),
        ] {
            assert!(error.to_string().contains(folder.path().to_str().unwrap()), "{error}");
        }
    }
}
