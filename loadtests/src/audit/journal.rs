//! The third part: the journal's facts, replayed by a state machine of the audit's own, held
//! against the record and against what the server said of its seats.
//!
//! A fact comes as one JSON object a line, in the order of the journal, with what does not
//! apply left out. Only the run's own server has a journal that can be read; it is read after
//! the server has stopped.

use std::collections::HashMap;
use std::io::{self, BufRead};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::record::Books;
use super::replay::Replay;
use super::server::Testimony;
use super::{Evidence, Findings, Kind, Source, journal_claims};
use crate::ids::{AllocationId, HoldId, RequestId};
use crate::kill::Kill;
use crate::seat_map::{Counts, status_name};

/// What changed, in the journal's words.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// An event went on sale, all its seats available.
    EventCreated,
    /// Available seats became held.
    HoldPlaced,
    /// A hold's deadline moved.
    HoldExtended,
    /// Held seats became available.
    HoldReleased,
    /// Held seats became allocated.
    HoldAllocated,
    /// A hold's deadline passed.
    HoldExpired,
    /// Allocated seats became available.
    SeatsReturned,
    /// Available seats became blocked.
    SeatsBlocked,
    /// Blocked seats became available.
    SeatsUnblocked,
}

impl Change {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EventCreated => "event_created",
            Self::HoldPlaced => "hold_placed",
            Self::HoldExtended => "hold_extended",
            Self::HoldReleased => "hold_released",
            Self::HoldAllocated => "hold_allocated",
            Self::HoldExpired => "hold_expired",
            Self::SeatsReturned => "seats_returned",
            Self::SeatsBlocked => "seats_blocked",
            Self::SeatsUnblocked => "seats_unblocked",
        }
    }
}

/// One fact, as a line of the journal's dump has it. What more a line says is not looked at.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct JournalRecord {
    /// Its place in its shard's history.
    pub lsn: u64,
    /// Its shard.
    pub shard: u16,
    /// The epoch in which it was written.
    pub epoch: u64,
    /// The journal's number of the batch that it came in.
    pub batch: u64,
    /// When it was decided.
    pub at_millis: u64,
    /// The event that it changes.
    pub event_id: u64,
    /// What changed.
    pub change: Change,
    /// The request that asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
    /// The hold that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_id: Option<HoldId>,
    /// The allocation that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocation_id: Option<AllocationId>,
    /// Whose hold or allocation it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer_id: Option<String>,
    /// The seats that changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seats: Vec<u32>,
    /// When the hold now ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_millis: Option<u64>,
}

impl JournalRecord {
    /// The fact as evidence.
    pub(crate) fn evidence(&self) -> Evidence {
        let mut evidence = Evidence::new(Source::Journal, self.change.name());
        evidence.request_id = self.request_id;
        evidence.hold_id = self.hold_id;
        evidence.allocation_id = self.allocation_id;
        evidence.buyer_id.clone_from(&self.buyer_id);
        evidence.shard = Some(self.shard);
        evidence.lsn = Some(self.lsn);
        evidence.at_millis = Some(self.at_millis);
        evidence.deadline_millis = self.deadline_millis;
        evidence.seats.clone_from(&self.seats);
        evidence
    }
}

/// Where the lines come from, once the own server has stopped.
pub trait JournalSource: Send {
    /// Opens it at its first line. Called once, where blocking is allowed.
    fn open(&mut self) -> io::Result<Box<dyn BufRead + Send>>;
}

impl<F> JournalSource for F
where
    F: FnMut() -> io::Result<Box<dyn BufRead + Send>> + Send,
{
    fn open(&mut self) -> io::Result<Box<dyn BufRead + Send>> {
        self()
    }
}

/// A [`JournalSource`] that runs a program, such as `holdfast journal dump`, and reads what it
/// prints. A program that fails makes the reading fail.
#[derive(Clone, Debug)]
pub struct DumpCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
}

impl JournalSource for DumpCommand {
    fn open(&mut self) -> io::Result<Box<dyn BufRead + Send>> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Box::new(io::BufReader::with_capacity(1 << 16, Dump { child, stdout })))
    }
}

/// The output of a program that has to end well.
struct Dump {
    child: Child,
    stdout: ChildStdout,
}

impl io::Read for Dump {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stdout.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            let status = self.child.wait()?;
            if !status.success() {
                return Err(io::Error::other(format!("the journal's dump failed ({status})")));
            }
        }
        Ok(read)
    }
}

/// What the audit knows beside the journal and the record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances<'a> {
    pub(crate) event_id: u64,
    /// While the server was down nothing could run out.
    pub(crate) kills: &'a [Kill],
    pub(crate) clock_slack_millis: u64,
    pub(crate) expiry_slack_millis: u64,
    /// What the server said of its seats before it was stopped.
    pub(crate) testimony: Option<&'a Testimony>,
}

/// Replays all lines and holds them against the record. Returns how many facts there were.
pub(crate) fn audit(
    lines: &mut dyn BufRead,
    books: &Books<'_>,
    circumstances: Circumstances<'_>,
    findings: &mut Findings,
) -> u64 {
    let mut replay = Replay::new(circumstances, findings);
    let mut line = String::new();
    let mut number: u64 = 0;
    loop {
        line.clear();
        let unreadable = match lines.read_line(&mut line) {
            Ok(0) => break,
            Ok(_) => serde_json::from_str(&line).map(|fact| replay.apply(fact)).err(),
            Err(error) => {
                let says = format!("after line {number}: {error}");
                replay.findings.add(
                    Kind::NotAuditable,
                    None,
                    "the journal cannot be read to its end",
                    vec![Evidence::new(Source::Journal, says)],
                );
                break;
            }
        };
        number += 1;
        if let Some(error) = unreadable {
            let says = format!("line {number}: {error}: {}", line.trim());
            let evidence = vec![Evidence::new(Source::Journal, says)];
            let message = "a line of the journal is not a fact";
            replay.findings.add(Kind::NotAuditable, None, message, evidence);
        }
    }
    let history = replay.finish();
    journal_claims::audit(&history, books, circumstances, findings);
    if let Some(testimony) = circumstances.testimony {
        final_states(&history, testimony, circumstances, findings);
    }
    number
}

/// The end of the history: what the journal's facts amount to.
#[derive(Debug)]
pub(crate) struct History {
    /// Every fact that a request asked for, by the request.
    pub(crate) by_request: HashMap<RequestId, Arc<JournalRecord>>,
    /// Every fact that made a hold or an allocation.
    pub(crate) placed: HashMap<HoldId, Arc<JournalRecord>>,
    pub(crate) allocated: HashMap<AllocationId, Arc<JournalRecord>>,
    /// For each seat of the run's event: its state and the fact that made it so.
    pub(crate) seats: HashMap<u32, (u8, Arc<JournalRecord>)>,
}

impl History {
    fn status(&self, seat: u32) -> u8 {
        self.seats.get(&seat).map_or(crate::seat_map::AVAILABLE, |(status, _)| *status)
    }
}

/// Each seat's last state by the journal against the server's word.
fn final_states(
    history: &History,
    testimony: &Testimony,
    circumstances: Circumstances<'_>,
    findings: &mut Findings,
) {
    let mut statuses = Vec::with_capacity(testimony.capacity as usize);
    let mut changed_since = 0_u32;
    for seat in 0..testimony.capacity {
        let (by_journal, by_server) = (history.status(seat), testimony.view.status(seat));
        let fact = history.seats.get(&seat).map(|(_, fact)| fact);
        let since = testimony.at_millis.saturating_sub(circumstances.clock_slack_millis);
        let is_newer = fact.is_some_and(|fact| fact.at_millis >= since);
        changed_since += u32::from(is_newer);
        statuses.push(by_journal);
        if by_journal != by_server && !is_newer {
            let mut says = Evidence::new(Source::Server, status_name(by_server));
            says.at_millis = Some(testimony.at_millis);
            let evidence = fact.map(|fact| fact.evidence()).into_iter().chain([says]).collect();
            let message = format!("by the journal the seat is {}", status_name(by_journal));
            findings.add(Kind::StateDiffers, Some(seat), message, evidence);
        }
    }
    for (seat, (_, fact)) in history.seats.iter().filter(|(seat, _)| **seat >= testimony.capacity) {
        let message = "the journal changes a seat that the event does not have";
        findings.add(Kind::FactImpossible, Some(*seat), message, vec![fact.evidence()]);
    }
    let counts = Counts::of(&statuses);
    if changed_since == 0 && counts != testimony.counts {
        let evidence = vec![
            Evidence::new(Source::Journal, format!("{counts:?}")),
            Evidence::new(Source::Server, format!("{:?}", testimony.counts)),
        ];
        let message = "the journal's facts and the server's counts do not add up to the same";
        findings.add(Kind::Conservation, None, message, evidence);
    }
}

#[cfg(test)]
mod tests;
