//! Who puts events on sale, and asks for the server's last word on them.

use std::time::Duration;

use proto::inventory::v1;
use proto::inventory::v1::inventory_admin_client::InventoryAdminClient;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

use crate::checker::{Counts, Testimony};
use crate::history::RequestId;
use crate::limits::CONNECT_TIMEOUT;

/// Seats of a row of our charts.
const ROW_SEATS: u32 = 100;

/// Why an event cannot be sold, or looked at.
#[derive(Debug, thiserror::Error)]
#[error("the server refuses {what}: {status}")]
pub struct SaleError {
    what: &'static str,
    status: Box<Status>,
}

/// An organizer.
#[derive(Clone, Debug)]
pub struct Organizer {
    admin: InventoryAdminClient<Channel>,
}

impl Organizer {
    /// One who talks to a server that may come and go.
    pub fn new(endpoint: &Endpoint) -> Self {
        let channel = endpoint.clone().connect_timeout(CONNECT_TIMEOUT).connect_lazy();
        Self { admin: InventoryAdminClient::new(channel) }
    }

    /// Puts events on sale, each with so many seats in rows, whose holds last so long.
    ///
    /// # Errors
    /// If the server refuses.
    pub async fn put_on_sale(
        &self,
        events: &[u64],
        seats: u32,
        hold: Duration,
    ) -> Result<(), SaleError> {
        let refused = |what| move |status| SaleError { what, status: Box::new(status) };
        let chart = v1::PutChartRequest { content: chart(seats).into(), ..Default::default() };
        let chart = self.admin.clone().put_chart(chart).await.map_err(refused("the chart"))?;
        let chart_hash = chart.into_inner().chart_hash;
        for event_id in events {
            let hold_ttl_millis = Some(hold.as_millis() as u64);
            let create = v1::CreateEventRequest {
                request_id: RequestId::now().to_bytes(),
                event_id: *event_id,
                name: format!("Event {event_id}"),
                chart_hash: chart_hash.clone(),
                rules: Some(v1::EventRules {
                    hold_ttl_millis,
                    extensions_max: Some(1_000),
                    ..Default::default()
                }),
                ticket_types: Vec::new(),
            };
            self.admin.clone().create_event(create).await.map_err(refused("an event"))?;
        }
        Ok(())
    }

    /// The server's word on an event.
    ///
    /// # Errors
    /// If it has none.
    pub async fn testimony(&self, event_id: u64) -> Result<Testimony, SaleError> {
        let asked = v1::VerifyEventRequest { event_id };
        let verified = self.admin.clone().verify_event(asked).await;
        let what = "to verify an event";
        let of = verified.map_err(|status| SaleError { what, status: Box::new(status) })?;
        let of = of.into_inner();
        let seats = of.seats.unwrap_or_default();
        let counts = Counts {
            available: seats.available,
            held: seats.held,
            allocated: seats.allocated,
            blocked: seats.blocked,
            capacity: seats.capacity,
        };
        Ok(Testimony { event_id, lsn: of.lsn, counts, violations: of.violations })
    }
}

/// A chart with so many seats, in rows.
fn chart(seats: u32) -> String {
    let rows = (0..seats.div_ceil(ROW_SEATS)).map(|row| {
        let count = ROW_SEATS.min(seats - row * ROW_SEATS);
        let y = u64::from(row) * 30;
        format!(r#"{{"label": "{}", "x": 0, "y": {y}, "seats": {count}}}"#, row + 1)
    });
    let rows: Vec<_> = rows.collect();
    format!(
        r#"{{"format": "holdfast-chart", "version": 1, "name": "Hall of {seats}",
            "sections": [{{"label": "Hall", "rows": [{}]}}]}}"#,
        rows.join(", ")
    )
}
