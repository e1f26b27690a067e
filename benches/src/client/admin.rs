//! What is done to an engine before and after a load: a chart and events are put there, and at
//! the end every event is held against itself and against what the clients know.

use anyhow::{Context, ensure};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use inventory_charts::{generate, to_document};
use inventory_core::ids::SeatIndex;
use proto::inventory::v1::inventory_admin_client::InventoryAdminClient;
use proto::inventory::v1::{CreateEventRequest, PutChartRequest, VerifyEventRequest};
use tonic::transport::{Channel, Endpoint};

use super::asks::event_id;
use crate::workload::Sale;

/// Calls of an organizer in flight.
const CALLS_IN_FLIGHT: usize = 16;

/// A connection to `HOST:PORT`.
///
/// # Errors
/// If there is nobody.
pub async fn connect(address: &str) -> anyhow::Result<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?.tcp_nodelay(true);
    endpoint.connect().await.with_context(|| format!("connect to {address}"))
}

/// The labels of a venue's seats, by index.
///
/// # Errors
/// If there is no venue of that size.
pub fn labels(seats: u32) -> anyhow::Result<Vec<String>> {
    let chart = generate::with_seats(seats)?;
    let label = |seat| chart.seat(SeatIndex(seat)).map(|seat| seat.label.clone());
    (0..seats).map(label).collect::<Option<_>>().context("a chart has the seats it was made for")
}

/// Puts a venue and the events of a sale there.
///
/// # Errors
/// If the engine does not take them.
pub async fn prepare(channel: &Channel, seats: u32, events: u32) -> anyhow::Result<()> {
    let chart = generate::with_seats(seats)?;
    let content = Bytes::from(to_document(&chart));
    let mut admin = InventoryAdminClient::new(channel.clone());
    let stored = admin.put_chart(PutChartRequest { content, format: 0 }).await;
    let chart_hash = stored.context("store a chart")?.into_inner().chart_hash;
    let create = |event| {
        let mut admin = admin.clone();
        let request = CreateEventRequest {
            request_id: Bytes::copy_from_slice(uuid::Uuid::now_v7().as_bytes()),
            event_id: event_id(event),
            name: format!("Event {event}"),
            chart_hash: chart_hash.clone(),
            ..CreateEventRequest::default()
        };
        async move { admin.create_event(request).await.context("create an event").map(drop) }
    };
    let created = stream::iter((0..events).map(create)).buffer_unordered(CALLS_IN_FLIGHT);
    created.try_collect::<()>().await
}

/// Holds every event that was sold from against itself, and all of them together against what the
/// clients sold. No more than `held` holds live.
///
/// # Errors
/// With the evidence, if anything is wrong.
pub async fn verify(channel: &Channel, sale: &Sale, held: u32) -> anyhow::Result<()> {
    let admin = InventoryAdminClient::new(channel.clone());
    let look = |event| {
        let mut admin = admin.clone();
        let request = VerifyEventRequest { event_id: event_id(event) };
        async move { anyhow::Ok(admin.verify_event(request).await?.into_inner()) }
    };
    let mut reports =
        stream::iter(sale.events_touched().map(look)).buffer_unordered(CALLS_IN_FLIGHT);
    let mut allocated = 0;
    while let Some(report) = reports.try_next().await.context("verify an event")? {
        let event = report.event_id;
        ensure!(report.violations.is_empty(), "event {event}: {:?}", report.violations);
        let live = report.live_holds;
        ensure!(live <= held, "event {event} has {live} live holds, not {held}");
        allocated += u64::from(report.seats.unwrap_or_default().allocated);
    }
    let sold = sale.seats_sold();
    ensure!(allocated == sold, "the clients know of {sold} seats sold, the engine of {allocated}");
    Ok(())
}
