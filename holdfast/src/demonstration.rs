//! What `holdfast up` puts on sale: a chart file, or a venue of our own, as event 1.
//!
//! A file is read and checked before an engine is started: a mistake in it leaves no data
//! directory behind.

use std::path::Path;

use anyhow::{Context, anyhow, bail};
use inventory_charts::{Format, content_hash, generate, import, to_canonical_bytes};
use inventory_core::chart::Chart;
use inventory_core::command::{Command, CreateEvent, Verb};
use inventory_core::ids::{ChartHash, EventId, RequestId};
use inventory_core::rejection::RejectionCode;
use inventory_core::rules::EventRules;
use inventory_engine::answer::Answer;
use inventory_engine::engine::Handle;
use inventory_engine::view::EventView;
use tracing::{info, warn};

use crate::config::Settings;

/// The event that is put on sale.
pub(crate) const EVENT_ID: EventId = EventId(1);

/// What is to be sold.
pub(crate) enum Venue {
    /// The chart of a file.
    OfFile(Document),
    /// Our own, drawn when it is needed.
    OurOwn,
}

/// A chart as it is stored.
pub(crate) struct Document {
    canonical: Vec<u8>,
    hash: ChartHash,
    name: String,
    seats: u32,
}

impl Venue {
    /// Reads the chart file of the settings, if there is one.
    pub(crate) fn read(settings: &Settings) -> anyhow::Result<Self> {
        settings.chart.as_deref().map_or(Ok(Self::OurOwn), |path| read(path).map(Self::OfFile))
    }
}

fn read(path: &Path) -> anyhow::Result<Document> {
    let content =
        std::fs::read(path).with_context(|| format!("cannot read the chart {}", path.display()))?;
    let imported = import(&content, None)
        .map_err(|mistakes| anyhow!("{}: {mistakes}\nNothing was put on sale", path.display()))?;
    for warning in &imported.warnings {
        warn!(chart = %path.display(), %warning, "something in the chart is of no use here");
    }
    Ok(document_of(&imported.chart))
}

fn document_of(chart: &Chart) -> Document {
    let canonical = to_canonical_bytes(chart);
    let hash = content_hash(&canonical);
    Document { canonical, hash, name: chart.parts().name.clone(), seats: chart.seat_count() }
}

/// Sees that event 1 is on sale. One that was on sale before goes on as it was; a chart file
/// that is another chart than its own is refused.
pub(crate) async fn put_on_sale(
    engine: &Handle,
    settings: &Settings,
    venue: Venue,
) -> anyhow::Result<()> {
    if let Some(event) = engine.directory().event(EVENT_ID) {
        if let Venue::OfFile(document) = &venue
            && document.hash != event.chart_hash
        {
            bail!(
                "{} already sells another chart ({}) as event 1; leave out --chart, or choose \
                 another --data-dir",
                settings.data_dir.display(),
                event.name
            );
        }
        goes_on(&event, &rules(settings));
        return Ok(());
    }
    let document = match venue {
        Venue::OfFile(document) => document,
        Venue::OurOwn => document_of(&generate::demonstration()),
    };
    let Document { canonical, hash, name, seats } = document;
    let stored = engine.put_chart(canonical.into(), Some(Format::Canonical)).await?;
    let create = CreateEvent {
        event_id: EVENT_ID,
        name: name.as_str().into(),
        chart: hash,
        rules: rules(settings),
        ticket_types: Vec::new(),
    };
    let request_id = RequestId::new(uuid::Uuid::now_v7().as_u128())?;
    let command = Command { request_id, verb: Verb::CreateEvent(create) };
    match engine.create_event(command, Some(stored.chart), None).await? {
        Answer::Accepted(_) => {
            info!(event = %name, seats, hold_secs = settings.hold_secs, "event 1 is on sale");
            Ok(())
        }
        Answer::Refused(refusal) if refusal.rejection.code == RejectionCode::EventExists => Ok(()),
        Answer::Refused(refusal) => bail!("event 1 could not be created: {}", refusal.rejection),
        Answer::Hold(_) | Answer::Verified(_) => bail!("the engine answered another question"),
    }
}

fn rules(settings: &Settings) -> EventRules {
    EventRules {
        hold_ttl_millis: settings.hold_secs * 1_000,
        buyer_seats_max: settings.buyer_seats_max,
        ..EventRules::default()
    }
}

/// Rules are given to an event when it is put on sale: whoever asks for others later should not
/// believe that they hold.
fn goes_on(event: &EventView, asked: &EventRules) {
    info!(event = %event.name, "event 1 goes on where it was");
    let its_own = &event.rules;
    let differ = its_own.hold_ttl_millis != asked.hold_ttl_millis
        || its_own.buyer_seats_max != asked.buyer_seats_max;
    if differ {
        info!(
            hold_secs = its_own.hold_ttl_millis / 1_000,
            buyer_seats_max = its_own.buyer_seats_max,
            "it keeps the rules that it was put on sale with"
        );
    }
}
