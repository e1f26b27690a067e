//! `holdfast seat history`: all that happened to a seat of a running engine, in order: who had
//! it, until when, by which request, and why it went.

use std::io::{self, Write};
use std::process::ExitCode;

use jiff::Timestamp;
use proto::inventory::v1::{
    SeatCause, SeatHistoryRequest, SeatHistoryResponse, SeatMoment, SeatStatus,
    seat_history_request,
};

use crate::asking::{Engine, refused};
use crate::config::EngineFlags;
use crate::node;

/// What can be asked of a seat.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum SeatCommand {
    /// Print what happened to a seat, oldest first
    History(HistoryArgs),
}

/// Which seat.
#[derive(Debug, clap::Args)]
pub(crate) struct HistoryArgs {
    /// The seat's full label, such as "Section A-A-1"
    #[arg(value_name = "SEAT")]
    seat: String,
    /// Its event
    #[arg(long, value_name = "EVENT", default_value_t = 1)]
    event: u64,
    /// At most this many moments, the newest
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    max: u32,
    #[command(flatten)]
    engine: EngineFlags,
}

/// Asks, and prints the story.
pub(crate) fn run(command: SeatCommand) -> anyhow::Result<ExitCode> {
    let SeatCommand::History(args) = command;
    node::block_on(async move {
        let mut engine = Engine::connect(args.engine).await?;
        let asked = SeatHistoryRequest {
            event_id: args.event,
            seat: Some(seat_history_request::Seat::Label(args.seat)),
            moments_max: args.max,
        };
        let history = engine.inventory.seat_history(asked).await;
        let history = history.map_err(|status| refused(&status))?.into_inner();
        tell(&history, &mut io::stdout().lock())?;
        Ok(ExitCode::SUCCESS)
    })
}

fn tell(history: &SeatHistoryResponse, out: &mut impl Write) -> io::Result<()> {
    let SeatHistoryResponse { event_id, label, version, .. } = history;
    let status = status_word(history.status());
    writeln!(out, "seat {label} of event {event_id} is {status} (as of version {version})")?;
    if history.is_cut {
        writeln!(out, "  ... what was before is not shown, or no longer kept")?;
    }
    if history.moments.is_empty() {
        writeln!(out, "  nothing happened to it")?;
    }
    for moment in &history.moments {
        writeln!(out, "  {}", told(moment))?;
    }
    out.flush()
}

/// One moment in one line.
fn told(moment: &SeatMoment) -> String {
    let mut line = format!("{}  LSN {}  ", at(moment.at_millis), moment.lsn);
    line += match moment.cause() {
        SeatCause::Unspecified => "changed",
        SeatCause::HoldPlaced => "held",
        SeatCause::HoldExtended => "hold extended",
        SeatCause::HoldReleased => "released by its buyer",
        SeatCause::HoldExpired => "lost: the hold's deadline passed",
        SeatCause::Allocated => "sold",
        SeatCause::Returned => "returned by its buyer",
        SeatCause::Blocked => "taken off sale",
        SeatCause::Unblocked => "put back on sale",
    };
    if !moment.buyer_id.is_empty() {
        line += &format!(", buyer {:?}", moment.buyer_id);
    }
    if !moment.ticket_type.is_empty() {
        line += &format!(", as {:?}", moment.ticket_type);
    }
    if let Some(deadline_millis) = moment.deadline_millis {
        line += &format!(", until {}", at(deadline_millis));
    }
    for (name, id) in [
        ("hold", &moment.hold_id),
        ("allocation", &moment.allocation_id),
        ("request", &moment.request_id),
    ] {
        if !id.is_empty() {
            let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
            line += &format!(", {name} {hex}");
        }
    }
    line
}

fn status_word(status: SeatStatus) -> &'static str {
    match status {
        SeatStatus::Unspecified => "in no state that this release knows",
        SeatStatus::Available => "available",
        SeatStatus::Held => "held",
        SeatStatus::Allocated => "sold",
        SeatStatus::Blocked => "off sale",
    }
}

/// A time in UTC; one that no calendar has, in milliseconds.
fn at(millis: u64) -> String {
    let time =
        i64::try_from(millis).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
    time.map_or_else(|| format!("{millis} ms"), |time| format!("{time:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_says_who_what_and_why() {
        let moment = SeatMoment {
            lsn: 12,
            at_millis: 1_763_000_000_000,
            cause: SeatCause::HoldPlaced.into(),
            became: SeatStatus::Held.into(),
            buyer_id: "ann".into(),
            hold_id: vec![1; 16].into(),
            deadline_millis: Some(1_763_000_900_000),
            ..SeatMoment::default()
        };
        assert_eq!(
            told(&moment),
            "2025-11-13T02:13:20.000Z  LSN 12  held, buyer \"ann\", until \
             2025-11-13T02:28:20.000Z, hold 01010101010101010101010101010101"
        );
        assert_eq!(at(u64::MAX), "18446744073709551615 ms");
    }
}
