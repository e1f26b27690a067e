//! Seats and places as they stand.

use sqlx::PgConnection;
use uuid::Uuid;

use super::check;
use crate::changes::Changes;
use crate::error::Error;

const SEATS: &str = "
    UPDATE seats SET status = of.status::spot_status, ticket_type = of.ticket_type,
        hold_id = of.hold_id, allocation_id = of.allocation_id,
        changed_at = at_millis(of.at), lsn = of.lsn
    FROM unnest($1::bigint[], $2::int[], $3::text[], $4::int[], $5::uuid[], $6::uuid[],
        $7::bigint[], $8::bigint[])
        AS of(event_id, seat, status, ticket_type, hold_id, allocation_id, at, lsn)
    WHERE seats.event_id = of.event_id AND seats.seat = of.seat";

const NEW_PLACES: &str = "
    INSERT INTO area_places
    SELECT event_id, area, ticket_type, 0, 0, 0
    FROM unnest($1::bigint[], $2::int[], $3::int[]) AS of(event_id, area, ticket_type)
    ON CONFLICT DO NOTHING";

const PLACES: &str = "
    UPDATE area_places SET held = area_places.held + of.held,
        allocated = area_places.allocated + of.allocated,
        blocked = area_places.blocked + of.blocked
    FROM unnest($1::bigint[], $2::int[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[])
        AS of(event_id, area, ticket_type, held, allocated, blocked)
    WHERE area_places.event_id = of.event_id AND area_places.area = of.area
      AND area_places.ticket_type = of.ticket_type";

/// Moves the seats that changed.
pub(super) async fn update(connection: &mut PgConnection, changes: &Changes) -> Result<(), Error> {
    if changes.seats.is_empty() {
        return Ok(());
    }
    // In the order of the table, which saves reading a page twice.
    let mut seats: Vec<_> = changes.seats.iter().collect();
    seats.sort_unstable_by_key(|(key, _)| **key);
    let of = seats.iter().map(|(_, seat)| seat);
    let updated = sqlx::query(SEATS)
        .bind(seats.iter().map(|((event, _), _)| event.0.cast_signed()).collect::<Vec<_>>())
        .bind(seats.iter().map(|((_, seat), _)| seat.0.cast_signed()).collect::<Vec<_>>())
        .bind(of.clone().map(|seat| seat.status.name()).collect::<Vec<_>>())
        .bind(of.clone().map(|seat| seat.ticket_type.map(|of| i32::from(of.0))).collect::<Vec<_>>())
        .bind(
            of.clone().map(|seat| seat.hold_id.map(|id| Uuid::from_u128(id.0))).collect::<Vec<_>>(),
        )
        .bind(
            of.clone()
                .map(|seat| seat.allocation_id.map(|id| Uuid::from_u128(id.0)))
                .collect::<Vec<_>>(),
        )
        .bind(of.clone().map(|seat| seat.at.0.cast_signed()).collect::<Vec<_>>())
        .bind(of.clone().map(|seat| seat.lsn.0.cast_signed()).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    check(SEATS, seats.len() as u64, updated.rows_affected())
}

/// Moves the places that changed.
pub(super) async fn update_places(
    connection: &mut PgConnection,
    changes: &Changes,
) -> Result<(), Error> {
    // Lines that come out even may name a type that was never there.
    let places = changes.places.iter().filter(|(_, places)| !places.is_even());
    let places: Vec<_> = places.collect();
    if places.is_empty() {
        return Ok(());
    }
    let of = places.iter().map(|(_, places)| places);
    let events: Vec<i64> = places.iter().map(|((event, ..), _)| event.0.cast_signed()).collect();
    let areas: Vec<i32> = places.iter().map(|((_, area, _), _)| area.0.cast_signed()).collect();
    let sold_as = places.iter().map(|((.., of), _)| of.map_or(-1, |of| i32::from(of.0)));
    let sold_as: Vec<i32> = sold_as.collect();
    // Of lines of the table that are new: a check looks at what is inserted, not at the sum.
    sqlx::query(NEW_PLACES)
        .bind(&events)
        .bind(&areas)
        .bind(&sold_as)
        .execute(&mut *connection)
        .await?;
    let written = sqlx::query(PLACES)
        .bind(events)
        .bind(areas)
        .bind(sold_as)
        .bind(of.clone().map(|places| places.held).collect::<Vec<_>>())
        .bind(of.clone().map(|places| places.allocated).collect::<Vec<_>>())
        .bind(of.clone().map(|places| places.blocked).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    check(PLACES, places.len() as u64, written.rows_affected())
}
