//! An event as it was, from the table `history`: for moments that the journal no longer has, and
//! for when there is no journal.
//!
//! Must always hold: the facts are the journal's, in their order, so that the map is the same;
//! what is not there yet is told and never taken for the end.

use std::sync::Arc;

use inventory_core::chart::Chart;
use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{
    AllocationId, AreaIndex, BuyerId, ChartHash, EventId, HoldId, Lsn, SeatIndex, ShardId,
    TicketTypeIndex,
};
use inventory_core::rules::EventRules;
use inventory_core::spots::{AreaPlaces, SeatSpot, Spots};
use inventory_core::ticket_type::TicketType;
use inventory_core::time::Timestamp;
use inventory_engine::past::{self, Replay, SeatMap, Until};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::database::Database;
use crate::error::Error;
use crate::limits::HISTORY_ROWS_MAX;

const EVENT: &str = "
    SELECT name, chart, document FROM events JOIN charts USING (chart) WHERE event_id = $1";
const TICKET_TYPES: &str = "SELECT key FROM ticket_types WHERE event_id = $1 ORDER BY ticket_type";
/// Times in milliseconds, and places as a list each of areas, numbers and ticket types.
const HISTORY: &str = "
    SELECT lsn, event_id, (extract(epoch FROM at) * 1000)::bigint AS at, change::text AS change,
        hold_id, allocation_id, buyer_id, seats, seat_types, areas, counts, types,
        (extract(epoch FROM deadline) * 1000)::bigint AS deadline
    FROM history LEFT JOIN LATERAL (
        SELECT array_agg((of->>'area')::int ORDER BY place) AS areas,
            array_agg((of->>'count')::bigint ORDER BY place) AS counts,
            array_agg((of->>'ticket_type')::int ORDER BY place) AS types
        FROM jsonb_array_elements(places) WITH ORDINALITY AS places(of, place)) AS places ON true
    WHERE shard = $1 AND lsn > $2 ORDER BY lsn LIMIT $3";

/// What an event was created with, as far as a map needs it.
struct Created {
    name: String,
    chart: ChartHash,
    document: Vec<u8>,
    ticket_types: Vec<TicketType>,
}

/// Reads the facts of an event's shard, and shows the event as it was.
///
/// # Errors
/// If the event or the moment is not there, or if Postgres does not answer.
pub async fn seat_map(
    database: &Database,
    event_id: EventId,
    until: Until,
) -> Result<SeatMap, Error> {
    let mut connection = database.connect().await?;
    let shard = event_id.shard();
    let created = Created::read(&mut connection, event_id).await?;
    let created = created.ok_or(past::Error::EventUnknown(event_id))?;
    let mut replay = Replay::new(event_id, until);
    let mut last = Lsn(0);
    loop {
        let rows = sqlx::query(HISTORY)
            .bind(shard.0.cast_signed())
            .bind(last.0.cast_signed())
            .bind(HISTORY_ROWS_MAX)
            .fetch_all(&mut connection)
            .await?;
        for row in &rows {
            last = lsn_of(row)?;
            let goes_on = match EventId(row.try_get::<i64, _>("event_id")?.cast_unsigned()) {
                of if of == event_id => {
                    let fact = Arc::new(read_fact(row, shard, event_id, &created)?);
                    replay.take(&fact, |_| created.chart())?
                }
                _ => replay.pass(last, timestamp(row, "at")?),
            };
            if !goes_on {
                return Ok(replay.finish()?);
            }
        }
        if (rows.len() as i64) < HISTORY_ROWS_MAX {
            return Ok(replay.finish()?);
        }
    }
}

impl Created {
    async fn read(connection: &mut PgConnection, event_id: EventId) -> Result<Option<Self>, Error> {
        let id = event_id.0.cast_signed();
        let row = sqlx::query(EVENT).bind(id).fetch_optional(&mut *connection).await?;
        let Some(row) = row else { return Ok(None) };
        let keys: Vec<String> =
            sqlx::query_scalar(TICKET_TYPES).bind(id).fetch_all(connection).await?;
        let ticket_types = keys.into_iter().map(|key| TicketType {
            key: key.into(),
            quota: None,
            sale_opens_at: None,
            sale_closes_at: None,
            categories: Vec::new(),
        });
        let chart: [u8; 32] = row
            .try_get::<Vec<u8>, _>("chart")?
            .try_into()
            .map_err(|_| Error::ArchiveDamaged("a chart's name is too long or short".into()))?;
        Ok(Some(Self {
            name: row.try_get("name")?,
            chart: ChartHash(chart),
            document: row.try_get("document")?,
            ticket_types: ticket_types.collect(),
        }))
    }

    fn chart(&self) -> Result<Chart, past::Error> {
        inventory_charts::from_canonical_bytes(&self.document)
            .map_err(|cause| past::Error::ChartInvalid { hash: self.chart, cause })
    }
}

/// The fact of a row, but for its request and its event's rules.
fn read_fact(
    row: &PgRow,
    shard: ShardId,
    event_id: EventId,
    created: &Created,
) -> Result<Fact, Error> {
    let lsn = lsn_of(row)?;
    let unreadable = |what| Error::FactUnreadable { shard, lsn, what };
    let id = |column, what| {
        let id: Option<Uuid> = row.try_get(column)?;
        id.map(|id| id.as_u128()).ok_or(unreadable(what))
    };
    let hold_id = || id("hold_id", "it has no hold").map(HoldId);
    let allocation_id = || id("allocation_id", "it has no allocation").map(AllocationId);
    let buyer_id = || {
        let buyer: Option<String> = row.try_get("buyer_id")?;
        let buyer = buyer.and_then(|buyer| BuyerId::new(&buyer).ok());
        buyer.ok_or(unreadable("it has no buyer"))
    };
    let spots = || read_spots(row)?.ok_or(unreadable("its lists have different lengths"));
    let deadline = || timestamp(row, "deadline");
    let change = match row.try_get("change")? {
        "event_created" => Change::EventCreated {
            name: created.name.as_str().into(),
            chart: created.chart,
            rules: EventRules::default(),
            ticket_types: created.ticket_types.clone(),
        },
        "event_closed" => Change::EventClosed,
        "hold_placed" => Change::HoldPlaced {
            hold_id: hold_id()?,
            buyer_id: buyer_id()?,
            spots: spots()?,
            deadline: deadline()?,
        },
        "hold_extended" => Change::HoldExtended { hold_id: hold_id()?, deadline: deadline()? },
        "hold_released" => Change::HoldReleased { hold_id: hold_id()?, spots: spots()? },
        "hold_expired" => Change::HoldExpired { hold_id: hold_id()?, spots: spots()? },
        "hold_allocated" => Change::HoldAllocated {
            hold_id: hold_id()?,
            allocation_id: allocation_id()?,
            buyer_id: buyer_id()?,
            spots: spots()?,
        },
        "spots_returned" => {
            Change::SpotsReturned { allocation_id: allocation_id()?, spots: spots()? }
        }
        "spots_blocked" => Change::SpotsBlocked { spots: spots()? },
        "spots_unblocked" => Change::SpotsUnblocked { spots: spots()? },
        _ => return Err(unreadable("its change is of another release")),
    };
    Ok(Fact { lsn, at: timestamp(row, "at")?, event_id, request: None, change })
}

fn lsn_of(row: &PgRow) -> Result<Lsn, Error> {
    Ok(Lsn(row.try_get::<i64, _>("lsn")?.cast_unsigned()))
}

fn timestamp(row: &PgRow, column: &str) -> Result<Timestamp, Error> {
    Ok(Timestamp(row.try_get::<i64, _>(column)?.cast_unsigned()))
}

/// The seats and places of a row; `None` if its lists do not fit together.
fn read_spots(row: &PgRow) -> Result<Option<Spots>, Error> {
    let seats: Vec<i32> = row.try_get::<Option<_>, _>("seats")?.unwrap_or_default();
    let seat_types: Option<Vec<Option<i32>>> = row.try_get("seat_types")?;
    let seat_types = seat_types.unwrap_or_else(|| vec![None; seats.len()]);
    let areas: Vec<i32> = row.try_get::<Option<_>, _>("areas")?.unwrap_or_default();
    let counts: Vec<i64> = row.try_get::<Option<_>, _>("counts")?.unwrap_or_default();
    let types: Vec<Option<i32>> = row.try_get::<Option<_>, _>("types")?.unwrap_or_default();
    if seat_types.len() != seats.len() || counts.len() != areas.len() || types.len() != areas.len()
    {
        return Ok(None);
    }
    let of_type = |of: Option<i32>| of.map(|of| TicketTypeIndex(of as u16));
    let seats = seats.iter().zip(seat_types).map(|(seat, of)| SeatSpot {
        seat: SeatIndex(seat.cast_unsigned()),
        ticket_type: of_type(of),
    });
    let places = areas.iter().zip(counts).zip(types).map(|((area, count), of)| AreaPlaces {
        area: AreaIndex(area.cast_unsigned()),
        ticket_type: of_type(of),
        count: u32::try_from(count).unwrap_or(u32::MAX),
    });
    Ok(Some(Spots { seats: seats.collect(), areas: places.collect() }))
}
