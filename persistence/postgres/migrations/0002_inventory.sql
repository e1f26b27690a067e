-- What people ask for: events, seats as they stand, holds, allocations, and what happened.

CREATE TYPE spot_status AS ENUM ('available', 'held', 'allocated', 'blocked');
CREATE TYPE hold_status AS ENUM ('live', 'released', 'allocated', 'expired');
CREATE TYPE change AS ENUM (
    'event_created', 'event_closed', 'hold_placed', 'hold_extended', 'hold_released',
    'hold_allocated', 'hold_expired', 'spots_returned', 'spots_blocked', 'spots_unblocked'
);

-- Canonical chart documents, each named by its SHA-256.
CREATE TABLE charts (
    chart bytea PRIMARY KEY CHECK (length(chart) = 32),
    document bytea NOT NULL
);

CREATE TABLE events (
    event_id bigint PRIMARY KEY,
    shard smallint NOT NULL REFERENCES shards,
    name text NOT NULL,
    chart bytea NOT NULL REFERENCES charts,
    created_at timestamptz NOT NULL,
    closed_at timestamptz,
    hold_ttl interval NOT NULL,
    extensions_max integer NOT NULL,
    buyer_seats_max bigint,
    sale_opens_at timestamptz,
    sale_closes_at timestamptz
);

CREATE TABLE ticket_types (
    event_id bigint REFERENCES events,
    -- Its index within the event.
    ticket_type integer,
    key text NOT NULL,
    quota bigint,
    sale_opens_at timestamptz,
    sale_closes_at timestamptz,
    PRIMARY KEY (event_id, ticket_type)
);

-- Every seat as it stands. Half a page is left free, so that a move touches no index.
CREATE TABLE seats (
    event_id bigint REFERENCES events,
    -- Its index within the event, for ever.
    seat integer,
    label text NOT NULL,
    section text,
    row_label text,
    -- The key of its category.
    category text,
    status spot_status NOT NULL DEFAULT 'available',
    -- What it is held or sold as.
    ticket_type integer,
    -- Whose it is while it is held.
    hold_id uuid,
    -- Whose it is once it is sold.
    allocation_id uuid,
    changed_at timestamptz NOT NULL,
    -- The fact that left it like this.
    lsn bigint NOT NULL,
    PRIMARY KEY (event_id, seat)
) WITH (fillfactor = 50);

CREATE TABLE areas (
    event_id bigint REFERENCES events,
    -- Its index within the event, for ever.
    area integer,
    label text NOT NULL,
    section text,
    -- The key of its category.
    category text,
    capacity bigint NOT NULL,
    PRIMARY KEY (event_id, area)
);

-- Places of an area that are not available, as they stand.
CREATE TABLE area_places (
    event_id bigint,
    area integer,
    -- What they are held or sold as; -1 for none.
    ticket_type integer,
    held bigint NOT NULL CHECK (held >= 0),
    allocated bigint NOT NULL CHECK (allocated >= 0),
    blocked bigint NOT NULL CHECK (blocked >= 0),
    PRIMARY KEY (event_id, area, ticket_type),
    FOREIGN KEY (event_id, area) REFERENCES areas
) WITH (fillfactor = 50);

CREATE TABLE holds (
    hold_id uuid PRIMARY KEY,
    event_id bigint NOT NULL,
    buyer_id text NOT NULL,
    -- How it ended, by what took its last spot.
    status hold_status NOT NULL,
    -- Seats and places that it was placed with, and that it still has.
    spots bigint NOT NULL,
    spots_left bigint NOT NULL CHECK (spots_left >= 0),
    placed_at timestamptz NOT NULL,
    deadline timestamptz NOT NULL,
    extensions integer NOT NULL,
    ended_at timestamptz,
    -- The last fact about it.
    lsn bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX holds_by_buyer ON holds (buyer_id);
-- Holds stay for ever: a question about one event must not read those of all others.
CREATE INDEX holds_by_event ON holds (event_id);

CREATE TABLE allocations (
    allocation_id uuid PRIMARY KEY,
    hold_id uuid NOT NULL,
    event_id bigint NOT NULL,
    buyer_id text NOT NULL,
    -- Seats and places that were sold, and that have not come back.
    spots bigint NOT NULL,
    spots_left bigint NOT NULL CHECK (spots_left >= 0),
    allocated_at timestamptz NOT NULL,
    -- When the last of them came back.
    returned_at timestamptz,
    -- The last fact about it.
    lsn bigint NOT NULL
) WITH (fillfactor = 90);
CREATE INDEX allocations_by_buyer ON allocations (buyer_id);
CREATE INDEX allocations_by_event ON allocations (event_id);

-- Every fact, for ever. Nothing here is ever changed.
CREATE TABLE history (
    shard smallint,
    lsn bigint,
    event_id bigint NOT NULL,
    at timestamptz NOT NULL,
    change change NOT NULL,
    -- Who asked for it; null for what the engine did by itself.
    request_id uuid,
    hold_id uuid,
    allocation_id uuid,
    buyer_id text,
    -- How many seats and places it moved.
    spots bigint NOT NULL,
    -- The seats, by their indexes.
    seats integer[],
    -- What each of them is sold as, where there are ticket types.
    seat_types integer[],
    -- Places in areas: [{"area": 0, "count": 2, "ticket_type": 1}].
    places jsonb,
    -- When a hold that was placed or extended ends by itself.
    deadline timestamptz,
    PRIMARY KEY (shard, lsn)
);
CREATE INDEX history_by_event ON history (event_id, at);
CREATE INDEX history_by_hold ON history (hold_id);

CREATE FUNCTION history_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'history is append-only';
END
$$;
CREATE TRIGGER history_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON history
    EXECUTE FUNCTION history_is_append_only();
