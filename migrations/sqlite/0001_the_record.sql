-- The record: posts and what was made of them, signals and what became of them, and the stream.
-- Times are microseconds UTC, prices and other exact numbers are canonical decimals as text,
-- enums are their labels. Nothing but what a label cannot say is JSON.

-- One row: which history this is, and how far it goes.
CREATE TABLE meta (
    one   INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    epoch TEXT    NOT NULL,
    head  INTEGER NOT NULL CHECK (head >= 0)
) STRICT;

CREATE TABLE channels (
    id       TEXT    NOT NULL PRIMARY KEY,
    platform TEXT    NOT NULL,
    title    TEXT    NOT NULL,
    origin   TEXT    NOT NULL,
    since    INTEGER NOT NULL
) STRICT;

CREATE TABLE cursors (
    channel TEXT NOT NULL PRIMARY KEY REFERENCES channels (id),
    place   TEXT NOT NULL
) STRICT;

-- A post as it stands now; `number` counts posts in the order in which they became known.
CREATE TABLE posts (
    number   INTEGER PRIMARY KEY,
    channel  TEXT    NOT NULL REFERENCES channels (id),
    key      TEXT    NOT NULL,
    version  INTEGER NOT NULL,
    digest   BLOB    NOT NULL,
    received INTEGER NOT NULL,
    stands   INTEGER NOT NULL CHECK (stands IN (0, 1)),
    edited   INTEGER NOT NULL CHECK (edited IN (0, 1)),
    deleted  INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    UNIQUE (channel, key)
) STRICT;
CREATE INDEX posts_standing ON posts (channel, number) WHERE stands;

-- Every version of a post, as it arrived. An author may go from A to B and back to A, so the
-- digest is not unique.
CREATE TABLE versions (
    channel        TEXT    NOT NULL,
    key            TEXT    NOT NULL,
    version        INTEGER NOT NULL,
    digest         BLOB    NOT NULL,
    action         TEXT    NOT NULL,
    author         TEXT,
    text           TEXT    NOT NULL,
    media          TEXT    NOT NULL,
    reply_to       TEXT,
    forwarded_from TEXT,
    posted         INTEGER NOT NULL,
    received       INTEGER NOT NULL,
    origin         TEXT    NOT NULL,
    PRIMARY KEY (channel, key, version),
    FOREIGN KEY (channel, key) REFERENCES posts (channel, key)
) STRICT;

-- What the parser made of each version. `drafts` is what it read, literally.
CREATE TABLE readings (
    channel       TEXT    NOT NULL,
    key           TEXT    NOT NULL,
    version       INTEGER NOT NULL,
    parser        TEXT    NOT NULL,
    class         TEXT    NOT NULL,
    reason        TEXT,
    drafts        TEXT,
    claim_pair    TEXT,
    claim_percent TEXT,
    PRIMARY KEY (channel, key, version),
    FOREIGN KEY (channel, key, version) REFERENCES versions (channel, key, version)
) STRICT;
CREATE INDEX readings_class ON readings (class, channel);

-- Signals: what was read (it never changes), and where they stand (a projection of the events).
CREATE TABLE signals (
    id                  TEXT    NOT NULL PRIMARY KEY,
    seq                 INTEGER NOT NULL UNIQUE,
    channel             TEXT    NOT NULL,
    post                TEXT    NOT NULL,
    origin              TEXT    NOT NULL,
    instrument          TEXT    NOT NULL,
    pair                TEXT    NOT NULL,
    substituted         INTEGER NOT NULL CHECK (substituted IN (0, 1)),
    side                TEXT    NOT NULL,
    entry               TEXT    NOT NULL,
    entry_low           TEXT,
    entry_high          TEXT,
    stop                TEXT,
    leverage            TEXT,
    breakeven_after     INTEGER,
    posted              INTEGER NOT NULL,
    received            INTEGER NOT NULL,
    expires_at          INTEGER NOT NULL,
    held_at_most        INTEGER NOT NULL,
    price_at_receipt    TEXT,
    ambiguous           INTEGER NOT NULL CHECK (ambiguous IN (0, 1)),
    score_model         TEXT,
    score_targets       TEXT,
    score_first         REAL,
    score_expected_r    REAL,
    state               TEXT    NOT NULL,
    state_k             INTEGER,
    ended               INTEGER NOT NULL CHECK (ended IN (0, 1)),
    judged              INTEGER NOT NULL CHECK (judged IN (0, 1)),
    edited              INTEGER NOT NULL CHECK (edited IN (0, 1)),
    deleted             INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    FOREIGN KEY (channel, post) REFERENCES posts (channel, key)
) STRICT;
CREATE INDEX signals_by_post ON signals (channel, post);
CREATE INDEX signals_by_channel ON signals (channel, seq);
CREATE INDEX signals_by_pair ON signals (pair, seq);
CREATE INDEX signals_unjudged ON signals (instrument, seq) WHERE NOT judged;
CREATE INDEX signals_open ON signals (channel, seq) WHERE NOT ended;

CREATE TABLE targets (
    signal TEXT    NOT NULL REFERENCES signals (id),
    k      INTEGER NOT NULL,
    price  TEXT    NOT NULL,
    weight TEXT,
    PRIMARY KEY (signal, k)
) STRICT;

-- What came of a signal, in the pessimistic (`p_`) and the optimistic (`o_`) bound.
CREATE TABLE outcomes (
    signal       TEXT    NOT NULL PRIMARY KEY REFERENCES signals (id),
    model        TEXT    NOT NULL,
    ambiguous    INTEGER NOT NULL CHECK (ambiguous IN (0, 1)),
    incomplete   INTEGER NOT NULL CHECK (incomplete IN (0, 1)),
    p_ending     TEXT    NOT NULL,
    p_ending_k   INTEGER,
    p_r          TEXT,
    p_filled     TEXT    NOT NULL,
    p_targets    INTEGER NOT NULL,
    p_entered_at INTEGER,
    p_ended_at   INTEGER NOT NULL,
    p_mfe        TEXT,
    p_mae        TEXT,
    o_ending     TEXT    NOT NULL,
    o_ending_k   INTEGER,
    o_r          TEXT,
    o_filled     TEXT    NOT NULL,
    o_targets    INTEGER NOT NULL,
    o_entered_at INTEGER,
    o_ended_at   INTEGER NOT NULL,
    o_mfe        TEXT,
    o_mae        TEXT
) STRICT;

-- Where the market is with a signal; `step` counts how often it was stored, so that a step whose
-- answer was lost is known again.
CREATE TABLE tracks (
    signal     TEXT    NOT NULL PRIMARY KEY REFERENCES signals (id),
    instrument TEXT    NOT NULL,
    step       INTEGER NOT NULL,
    heard      INTEGER NOT NULL,
    snapshot   TEXT    NOT NULL
) STRICT;

-- The stream. `body` is JSON of a shape that only this program's store reads; it carries its
-- version.
CREATE TABLE events (
    seq        INTEGER PRIMARY KEY,
    signal     TEXT    NOT NULL REFERENCES signals (id),
    instrument TEXT    NOT NULL,
    type       TEXT    NOT NULL,
    stored     INTEGER NOT NULL,
    body       TEXT    NOT NULL
) STRICT;
CREATE INDEX events_by_signal ON events (signal, seq);
CREATE INDEX events_by_instrument ON events (instrument, seq);
