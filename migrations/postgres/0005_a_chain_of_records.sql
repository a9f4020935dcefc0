-- A chain of records: what was stored until a day was over is hashed into one value, and that into the
-- next. `docs/guide/proof.md` says how.

-- The place of a record: the number that the next event had when it was stored. What was stored before
-- there was a chain is in its first link. NULL where a program wrote it that does not know of places.
ALTER TABLE versions ADD COLUMN place BIGINT DEFAULT 1;
ALTER TABLE versions ALTER COLUMN place DROP DEFAULT;
ALTER TABLE outcomes ADD COLUMN place BIGINT DEFAULT 1;
ALTER TABLE outcomes ALTER COLUMN place DROP DEFAULT;
CREATE INDEX versions_by_place ON versions (place);
CREATE INDEX outcomes_by_place ON outcomes (place);

-- A seal is about no signal.
ALTER TABLE events ALTER COLUMN signal DROP NOT NULL;
ALTER TABLE events ALTER COLUMN instrument DROP NOT NULL;

-- The hash of each record, as it was when it was first looked at. `record` is its table, `key` its key
-- there as text.
CREATE TABLE leaves (
    record           TEXT COLLATE "C" NOT NULL,
    place            BIGINT NOT NULL,
    key              TEXT COLLATE "C" NOT NULL,
    digest           BYTEA NOT NULL,
    PRIMARY KEY (record, place, key)
);

-- A day that is over, as its first instant; the records with places after `after` up to `through`.
CREATE TABLE seals (
    day              TIMESTAMPTZ NOT NULL PRIMARY KEY,
    seq              BIGINT NOT NULL UNIQUE,
    epoch            TEXT COLLATE "C" NOT NULL,
    after            BIGINT NOT NULL,
    through          BIGINT NOT NULL,
    records          BIGINT NOT NULL,
    root             BYTEA NOT NULL,
    figures          BYTEA NOT NULL,
    previous         BYTEA NOT NULL,
    hash             BYTEA NOT NULL
);

-- The figures of every channel when a day was over. They are shown as they stand here.
CREATE TABLE published (
    day              TIMESTAMPTZ NOT NULL,
    channel          TEXT COLLATE "C" NOT NULL,
    origin           TEXT COLLATE "C" NOT NULL,
    model            TEXT COLLATE "C" NOT NULL,
    rules            TEXT COLLATE "C" NOT NULL,
    body             TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (day, channel, origin, model)
);
