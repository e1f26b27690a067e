-- Who writes here, and how far the facts of each shard have come.
--
-- Times are timestamptz. Ids of 128 bits are uuid; the API writes them as the same 32 hexadecimal
-- digits without hyphens. Ids of events have 64 bits without a sign and are kept bit by bit in a
-- bigint: one of 2^63 or more stands here as itself minus 2^64.

-- A point in time from milliseconds since 1970.
CREATE FUNCTION at_millis(millis bigint) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN '1970-01-01 00:00:00+00'::timestamptz + millis * interval '1 millisecond';

-- Data directories that have written here.
CREATE TABLE nodes (
    node uuid PRIMARY KEY,
    -- The last batch of its journal that is here.
    number bigint NOT NULL,
    -- When that was written.
    projected_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- Every transaction that writes facts moves the lines of their shards, and fails if a line names
-- another node, another epoch, or another LSN than the one in front of its first fact.
CREATE TABLE shards (
    shard smallint PRIMARY KEY CHECK (shard BETWEEN 0 AND 255),
    -- Who writes it, and in which life.
    node uuid NOT NULL REFERENCES nodes,
    epoch bigint NOT NULL,
    -- The last fact that is here; zero before the first.
    lsn bigint NOT NULL,
    -- When it was decided.
    decided_at timestamptz,
    -- The digest of the shard's state behind it.
    digest bytea NOT NULL CHECK (length(digest) = 16)
) WITH (fillfactor = 50);

-- Each time an operator has recovered the shards to another data directory. What the old one
-- acknowledged behind these LSNs does not count.
CREATE TABLE takeovers (
    takeover bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    from_node uuid NOT NULL REFERENCES nodes,
    from_epoch bigint NOT NULL,
    to_node uuid NOT NULL REFERENCES nodes,
    to_epoch bigint NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT now(),
    -- The last fact of shard 0, 1, 2 and so on.
    lsns bigint[] NOT NULL CHECK (cardinality(lsns) = 256)
);
