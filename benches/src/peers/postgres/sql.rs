//! The statements. `$1` of a place is what it chooses by: seats, or how many.
//!
//! In each of them rows are locked first and then looked at as they are once they are locked, so
//! that what is decided holds until the commit. What is checked is checked for all rows together:
//! `count` says how many are as they have to be, and nothing is written unless all are.

/// Made anew for every round.
pub(super) const TABLES: [&str; 4] = [
    "DROP TABLE IF EXISTS seats",
    "DROP TABLE IF EXISTS holds",
    "CREATE TABLE seats (
        event int NOT NULL,
        seat int NOT NULL,
        hold_id bigint,
        held_until timestamptz,
        sold_to text,
        PRIMARY KEY (event, seat)
    ) WITH (fillfactor = 50)",
    "CREATE TABLE holds (
        id bigint PRIMARY KEY,
        event int NOT NULL,
        seats int[] NOT NULL,
        owner text NOT NULL,
        ends_at timestamptz NOT NULL
    )",
];

/// Events from 0, each with seats from 0.
pub(super) const SEATS: &str = "
    INSERT INTO seats (event, seat)
    SELECT event, seat FROM generate_series(0, $1 - 1) event, generate_series(0, $2 - 1) seat";

/// Statistics for the plans, and nothing left to be written behind the clients' backs.
pub(super) const SETTLE: [&str; 2] = ["VACUUM ANALYZE seats", "CHECKPOINT"];

/// The same, and the index by which free seats are found.
pub(super) const INDEX_AND_SETTLE: [&str; 3] =
    ["CREATE INDEX ON seats (event, seat) WHERE sold_to IS NULL", SETTLE[0], SETTLE[1]];

/// $1 seats, $2 event, $3 hold, $4 owner, $5 milliseconds.
pub(super) const PLACE_BY_ID: &str = "
    WITH wanted AS (
        SELECT sold_to IS NULL AND (hold_id IS NULL OR held_until <= now()) AS is_free
        FROM seats WHERE event = $2 AND seat = ANY ($1) ORDER BY seat FOR UPDATE
    ), free AS (
        SELECT count(*) FROM wanted WHERE is_free HAVING count(*) = cardinality($1)
    ), taken AS (
        UPDATE seats SET hold_id = $3, held_until = now() + $5 * interval '1 millisecond'
        FROM free WHERE event = $2 AND seat = ANY ($1)
    )
    INSERT INTO holds SELECT $3, $2, $1, $4, now() + $5 * interval '1 millisecond' FROM free";

/// $1 how many, the others as above.
pub(super) const PLACE_BEST: &str = "
    WITH wanted AS (
        SELECT seat FROM seats
        WHERE event = $2 AND sold_to IS NULL AND (hold_id IS NULL OR held_until <= now())
        ORDER BY seat LIMIT $1 FOR UPDATE SKIP LOCKED
    ), free AS (
        SELECT array_agg(seat) AS seats FROM wanted HAVING count(*) = $1
    ), taken AS (
        UPDATE seats SET hold_id = $3, held_until = now() + $5 * interval '1 millisecond'
        FROM free WHERE event = $2 AND seat = ANY (free.seats)
    )
    INSERT INTO holds SELECT $3, $2, seats, $4, now() + $5 * interval '1 millisecond' FROM free";

/// $1 hold, $2 owner.
pub(super) const ALLOCATE: &str = "
    WITH hold AS (
        SELECT id, event, seats, owner FROM holds
        WHERE id = $1 AND owner = $2 AND ends_at > now() FOR UPDATE
    ), named AS (
        SELECT 1 FROM seats, hold
        WHERE seats.event = hold.event AND seat = ANY (hold.seats) AND hold_id = hold.id
        ORDER BY seat FOR UPDATE OF seats
    ), whole AS (
        SELECT hold.* FROM hold WHERE (SELECT count(*) FROM named) = cardinality(hold.seats)
    ), sold AS (
        UPDATE seats SET sold_to = whole.owner
        FROM whole WHERE seats.event = whole.event AND seat = ANY (whole.seats)
    )
    DELETE FROM holds USING whole WHERE holds.id = whole.id";

/// $1 hold, $2 owner.
pub(super) const RELEASE: &str = "
    WITH hold AS (
        SELECT id, event, seats FROM holds
        WHERE id = $1 AND owner = $2 AND ends_at > now() FOR UPDATE
    ), named AS (
        SELECT 1 FROM seats, hold
        WHERE seats.event = hold.event AND seat = ANY (hold.seats) AND hold_id = hold.id
        ORDER BY seat FOR UPDATE OF seats
    ), whole AS (
        SELECT hold.* FROM hold WHERE (SELECT count(*) FROM named) = cardinality(hold.seats)
    ), freed AS (
        UPDATE seats SET hold_id = NULL, held_until = NULL
        FROM whole WHERE seats.event = whole.event AND seat = ANY (whole.seats)
    )
    DELETE FROM holds USING whole WHERE holds.id = whole.id";
