//! `holdfast verify`: events of a running engine held against themselves. The exit code is 1 if
//! anything is wrong.

use std::io::{self, Write};
use std::process::ExitCode;

use proto::inventory::v1::{Counts, ListEventsRequest, Verification, VerifyEventRequest};

use crate::asking::{Engine, refused};
use crate::config::EngineFlags;
use crate::node;

/// Events asked for at a time.
const PAGE_EVENTS: u32 = 1_000;

/// What to verify.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// The events [default: all]
    #[arg(value_name = "EVENT")]
    events: Vec<u64>,
    #[command(flatten)]
    engine: EngineFlags,
}

/// Asks for each event and says what came of it, a line each, with what is wrong below.
pub(crate) fn run(args: VerifyArgs) -> anyhow::Result<ExitCode> {
    node::block_on(async move {
        let mut engine = Engine::connect(args.engine).await?;
        let events =
            if args.events.is_empty() { all_events(&mut engine).await? } else { args.events };
        let mut is_whole = true;
        for event_id in &events {
            let asked = VerifyEventRequest { event_id: *event_id };
            let verification = engine.admin.verify_event(asked).await;
            let verification = verification.map_err(|status| refused(&status))?.into_inner();
            is_whole &= verification.violations.is_empty();
            tell(&verification, &mut io::stdout().lock())?;
        }
        if events.is_empty() {
            writeln!(io::stdout().lock(), "there are no events")?;
        }
        Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

async fn all_events(engine: &mut Engine) -> anyhow::Result<Vec<u64>> {
    let mut events = Vec::new();
    loop {
        let after_event_id = events.last().copied().unwrap_or_default();
        let asked = ListEventsRequest { page_size: PAGE_EVENTS, after_event_id };
        let page = engine.admin.list_events(asked).await.map_err(|status| refused(&status))?;
        let page = page.into_inner();
        events.extend(page.events.iter().map(|event| event.event_id));
        if !page.more {
            return Ok(events);
        }
    }
}

fn tell(of: &Verification, out: &mut impl Write) -> io::Result<()> {
    let digest: String = of.digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let verdict = match of.violations.len() {
        0 => "whole".to_owned(),
        1 => "1 VIOLATION".to_owned(),
        count => format!("{count} VIOLATIONS"),
    };
    writeln!(out, "event {}: {verdict}", of.event_id)?;
    if let Some(seats) = of.seats {
        writeln!(out, "  seats        {}", told(seats))?;
    }
    for (kind, pools) in [("area", &of.areas), ("ticket type", &of.ticket_types)] {
        for pool in pools {
            let counts = pool.counts.unwrap_or_default();
            writeln!(out, "  {kind} {:?}  {}", pool.name, told(counts))?;
        }
    }
    writeln!(out, "  holds        {} live", of.live_holds)?;
    writeln!(out, "  allocations  {} live", of.live_allocations)?;
    writeln!(out, "  digest       {digest} of the shard at LSN {}", of.lsn)?;
    for violation in &of.violations {
        writeln!(out, "  VIOLATION: {violation}")?;
    }
    out.flush()
}

fn told(counts: Counts) -> String {
    let Counts { available, held, allocated, blocked, capacity } = counts;
    format!(
        "{available} available + {held} held + {allocated} allocated + {blocked} blocked = \
         {capacity}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_stands_below_its_event() {
        let verification = Verification {
            event_id: 7,
            lsn: 12,
            seats: Some(Counts { available: 3, held: 2, capacity: 5, ..Counts::default() }),
            live_holds: 1,
            digest: vec![0xab; 16].into(),
            violations: vec!["seat 3 is lost".to_owned()],
            ..Verification::default()
        };
        let mut out = Vec::new();
        tell(&verification, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "event 7: 1 VIOLATION");
        let sum = "  seats        3 available + 2 held + 0 allocated + 0 blocked = 5";
        assert_eq!(lines[1], sum);
        assert_eq!(lines[5], "  VIOLATION: seat 3 is lost");
    }
}
