-- A chain of records: what was stored until a day was over is hashed into one value, and that into the
-- next. `docs/guide/proof.md` says how.

-- The place of a record: the number that the next event had when it was stored. What was stored before
-- there was a chain is in its first link. NULL where a program wrote it that does not know of places.
ALTER TABLE versions ADD COLUMN place INTEGER DEFAULT 1;
ALTER TABLE outcomes ADD COLUMN place INTEGER DEFAULT 1;
CREATE INDEX versions_by_place ON versions (place);
CREATE INDEX outcomes_by_place ON outcomes (place);

-- A seal is about no signal. SQLite lets a column be absent only in a table made anew.
CREATE TABLE events_anew (
    seq        INTEGER PRIMARY KEY,
    signal     TEXT    REFERENCES signals (id),
    instrument TEXT,
    type       TEXT    NOT NULL,
    stored     INTEGER NOT NULL,
    body       TEXT    NOT NULL
) STRICT;
INSERT INTO events_anew SELECT seq, signal, instrument, type, stored, body FROM events ORDER BY seq;
DROP TABLE events;
ALTER TABLE events_anew RENAME TO events;
CREATE INDEX events_by_signal ON events (signal, seq);
CREATE INDEX events_by_instrument ON events (instrument, seq);

-- The hash of each record, as it was when it was first looked at. `record` is its table, `key` its key
-- there as text.
CREATE TABLE leaves (
    record TEXT    NOT NULL,
    place  INTEGER NOT NULL,
    key    TEXT    NOT NULL,
    digest BLOB    NOT NULL,
    PRIMARY KEY (record, place, key)
) STRICT, WITHOUT ROWID;

-- A day that is over, as its first instant; the records with places after `after` up to `through`.
CREATE TABLE seals (
    day      INTEGER NOT NULL PRIMARY KEY,
    seq      INTEGER NOT NULL UNIQUE,
    epoch    TEXT    NOT NULL,
    after    INTEGER NOT NULL,
    through  INTEGER NOT NULL,
    records  INTEGER NOT NULL,
    root     BLOB    NOT NULL,
    figures  BLOB    NOT NULL,
    previous BLOB    NOT NULL,
    hash     BLOB    NOT NULL
) STRICT;

-- The figures of every channel when a day was over. They are shown as they stand here.
CREATE TABLE published (
    day     INTEGER NOT NULL,
    channel TEXT    NOT NULL,
    origin  TEXT    NOT NULL,
    model   TEXT    NOT NULL,
    rules   TEXT    NOT NULL,
    body    TEXT    NOT NULL,
    PRIMARY KEY (day, channel, origin, model)
) STRICT;
