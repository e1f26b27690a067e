//! Events with all that can be sold for them.

use std::collections::BTreeMap;

use inventory_core::chart::{Chart, ChartParts};
use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{CategoryIndex, ChartHash, SeatIndex, SectionIndex};
use persistence::charts::ChartStore;
use sqlx::PgConnection;

use super::{check, copy};
use crate::changes::Changes;
use crate::copy::Rows;
use crate::error::Error;

const CHART: &str = "INSERT INTO charts VALUES ($1, $2) ON CONFLICT DO NOTHING";
const EVENTS: &str = "COPY events FROM STDIN BINARY";
const TICKET_TYPES: &str = "COPY ticket_types FROM STDIN BINARY";
const SEATS: &str = "COPY seats (event_id, seat, label, section, row_label, category, \
                     changed_at, lsn) FROM STDIN BINARY";
const AREAS: &str = "COPY areas FROM STDIN BINARY";
const CLOSE: &str = "
    UPDATE events SET closed_at = at_millis(of.at)
    FROM unnest($1::bigint[], $2::bigint[]) AS of(event_id, at)
    WHERE events.event_id = of.event_id";

/// Writes the events that are new, their charts first.
pub(super) async fn create(
    connection: &mut PgConnection,
    changes: &Changes,
    charts: &ChartStore,
) -> Result<(), Error> {
    let mut read: BTreeMap<ChartHash, Chart> = BTreeMap::new();
    let mut rows = [Rows::new(), Rows::new(), Rows::new(), Rows::new()];
    for fact in changes.shards.values().flat_map(|of| &of.facts) {
        let Change::EventCreated { chart: hash, .. } = &fact.change else { continue };
        if !read.contains_key(hash) {
            let document = charts.get(*hash)?;
            let chart = inventory_charts::from_canonical_bytes(&document)
                .map_err(|cause| Error::ChartInvalid { hash: *hash, cause })?;
            let insert = sqlx::query(CHART).bind(&hash.0[..]).bind(document);
            insert.execute(&mut *connection).await?;
            read.insert(*hash, chart);
        }
        add(&mut rows, fact, read[hash].parts());
    }
    for (statement, rows) in [EVENTS, TICKET_TYPES, SEATS, AREAS].into_iter().zip(rows) {
        copy(connection, statement, rows).await?;
    }
    Ok(())
}

/// Adds an event, its ticket types, its seats and its areas.
fn add([events, ticket_types, seats, areas]: &mut [Rows; 4], fact: &Fact, chart: &ChartParts) {
    let Change::EventCreated { name, chart: hash, rules, ticket_types: types } = &fact.change
    else {
        return;
    };
    let event_id = fact.event_id;
    events.row(11).bigint(event_id.0).smallint(event_id.shard().0).text(name).bytes(&hash.0);
    events.timestamptz(fact.at).null().interval(rules.hold_ttl_millis);
    events.integer(u32::from(rules.extensions_max));
    events.maybe(rules.buyer_seats_max, |row, seats| row.bigint(u64::from(seats)));
    events.maybe(rules.sale_opens_at, Rows::timestamptz);
    events.maybe(rules.sale_closes_at, Rows::timestamptz);
    for (index, of) in (0..).zip(types) {
        ticket_types.row(6).bigint(event_id.0).integer(index).text(&of.key);
        ticket_types.maybe(of.quota, |row, quota| row.bigint(u64::from(quota)));
        ticket_types.maybe(of.sale_opens_at, Rows::timestamptz);
        ticket_types.maybe(of.sale_closes_at, Rows::timestamptz);
    }
    let section =
        |index: Option<SectionIndex>| Some(&*chart.sections.get(index?.0 as usize)?.label);
    let category =
        |index: Option<CategoryIndex>| Some(&*chart.categories.get(index?.0 as usize)?.key);
    let row_labels = row_labels(chart);
    for (index, seat) in (0..).zip(&chart.seats) {
        seats.row(8).bigint(event_id.0).integer(index).text(&seat.label);
        seats.maybe(section(seat.section), Rows::text);
        seats.maybe(row_labels.get(&SeatIndex(index)).copied(), Rows::text);
        seats.maybe(category(seat.category), Rows::text);
        seats.timestamptz(fact.at).bigint(fact.lsn.0);
    }
    for (index, area) in (0..).zip(&chart.areas) {
        areas.row(6).bigint(event_id.0).integer(index).text(&area.label);
        areas.maybe(section(area.section), Rows::text);
        areas.maybe(category(area.category), Rows::text).bigint(u64::from(area.capacity));
    }
}

/// The label of the row or the table that each seat stands in.
fn row_labels(chart: &ChartParts) -> BTreeMap<SeatIndex, &str> {
    let of_rows = chart.rows.iter().map(|row| (&*row.label, &row.seats));
    let of_tables = chart.tables.iter().map(|table| (&*table.label, &table.seats));
    of_rows
        .chain(of_tables)
        .flat_map(|(label, seats)| seats.iter().map(move |seat| (*seat, label)))
        .collect()
}

/// Closes the events that are closed.
pub(super) async fn close(connection: &mut PgConnection, changes: &Changes) -> Result<(), Error> {
    if changes.closed.is_empty() {
        return Ok(());
    }
    let closed = changes.closed.iter();
    let closed_events = sqlx::query(CLOSE)
        .bind(closed.clone().map(|(event_id, _)| event_id.0.cast_signed()).collect::<Vec<_>>())
        .bind(closed.clone().map(|(_, at)| at.0.cast_signed()).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    check(CLOSE, closed.len() as u64, closed_events.rows_affected())
}
