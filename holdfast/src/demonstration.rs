//! What `holdfast up` puts on sale: a chart file, or a venue of our own, as event 1.

use std::path::Path;

use anyhow::{Context, bail};
use inventory_charts::{Format, generate, to_canonical_bytes};
use inventory_core::command::{Command, CreateEvent, Verb};
use inventory_core::ids::{EventId, RequestId};
use inventory_core::rejection::RejectionCode;
use inventory_core::rules::EventRules;
use inventory_engine::answer::Answer;
use inventory_engine::engine::{Handle, StoredChart};
use tracing::{info, warn};

use crate::config::Settings;

/// The event that is put on sale.
pub(crate) const EVENT_ID: EventId = EventId(1);

/// Sees that event 1 is on sale. One that was on sale before goes on as it was; a chart file
/// that is another chart than its own is refused.
pub(crate) async fn put_on_sale(engine: &Handle, settings: &Settings) -> anyhow::Result<()> {
    let existing = engine.directory().event(EVENT_ID);
    if let (Some(event), None) = (&existing, &settings.chart) {
        info!(event = %event.name, "event 1 goes on where it was");
        return Ok(());
    }
    let stored = store_chart(engine, settings.chart.as_deref()).await?;
    if let Some(event) = existing {
        if event.chart_hash != stored.hash {
            bail!(
                "{} already sells another chart ({}) as event 1; leave out --chart, or choose \
                 another --data-dir",
                settings.data_dir.display(),
                event.name
            );
        }
        info!(event = %event.name, "event 1 goes on where it was");
        return Ok(());
    }
    let name = stored.chart.parts().name.clone();
    let seats = stored.chart.seat_count();
    let rules = EventRules {
        hold_ttl_millis: settings.hold_secs * 1_000,
        buyer_seats_max: settings.buyer_seats_max,
        ..EventRules::default()
    };
    let create =
        CreateEvent { event_id: EVENT_ID, name: name.as_str().into(), chart: stored.hash, rules };
    let request_id = RequestId::new(uuid::Uuid::now_v7().as_u128())?;
    let command = Command { request_id, verb: Verb::CreateEvent(create) };
    match engine.create_event(command, None).await? {
        Answer::Accepted(_) => {
            info!(event = %name, seats, hold_secs = settings.hold_secs, "event 1 is on sale");
            Ok(())
        }
        Answer::Refused(refusal) if refusal.rejection.code == RejectionCode::EventExists => Ok(()),
        Answer::Refused(refusal) => bail!("event 1 could not be created: {}", refusal.rejection),
        Answer::Hold(_) | Answer::Verified(_) => bail!("the engine answered another question"),
    }
}

async fn store_chart(engine: &Handle, file: Option<&Path>) -> anyhow::Result<StoredChart> {
    let (content, format) = match file {
        Some(path) => {
            let content = std::fs::read(path);
            (content.with_context(|| format!("read the chart {}", path.display()))?, None)
        }
        None => (to_canonical_bytes(&generate::demonstration()), Some(Format::Canonical)),
    };
    let stored = engine.put_chart(content.into(), format).await?;
    for warning in &stored.warnings {
        warn!(%warning, "in the chart");
    }
    Ok(stored)
}
