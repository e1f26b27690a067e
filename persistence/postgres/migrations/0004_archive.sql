-- What a shard is made of again, bit by bit, when its disk is gone: the newest snapshot, and the
-- facts behind it. Charts have their own table.

-- Facts as the journal has them, some batches of a shard together.
CREATE TABLE fact_batches (
    shard smallint,
    first_lsn bigint,
    last_lsn bigint NOT NULL,
    epoch bigint NOT NULL,
    -- When the last of them was decided.
    decided_at timestamptz NOT NULL,
    -- The digest of the shard's state behind them.
    digest bytea NOT NULL CHECK (length(digest) = 16),
    -- The journal's own encoding, compressed by zstd.
    facts bytea NOT NULL,
    PRIMARY KEY (shard, first_lsn)
);
ALTER TABLE fact_batches ALTER COLUMN facts SET STORAGE EXTERNAL;

-- States of all shards at one place of a node's journal. One that is not complete counts nowhere.
CREATE TABLE snapshots (
    snapshot bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    node uuid NOT NULL REFERENCES nodes,
    -- The first batch of the node's journal behind it.
    number bigint NOT NULL,
    completed_at timestamptz,
    UNIQUE (node, number)
);

CREATE TABLE snapshot_shards (
    snapshot bigint REFERENCES snapshots ON DELETE CASCADE,
    shard smallint,
    lsn bigint NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 16),
    PRIMARY KEY (snapshot, shard)
);

-- The image of a shard, compressed by zstd, in pieces.
CREATE TABLE snapshot_pieces (
    snapshot bigint,
    shard smallint,
    piece integer,
    image bytea NOT NULL,
    PRIMARY KEY (snapshot, shard, piece),
    FOREIGN KEY (snapshot, shard) REFERENCES snapshot_shards ON DELETE CASCADE
);
ALTER TABLE snapshot_pieces ALTER COLUMN image SET STORAGE EXTERNAL;
