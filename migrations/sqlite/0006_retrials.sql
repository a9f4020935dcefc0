-- What comes of a signal under each execution model from recorded prices, beside what the live market
-- decided. Nothing is overwritten: other rules are another `policy`, and prices that tell more another
-- `revision`.
CREATE TABLE retrials (
    signal       TEXT NOT NULL REFERENCES signals (id),
    model        TEXT NOT NULL,
    policy       INTEGER NOT NULL,
    revision     INTEGER NOT NULL CHECK (revision >= 1),
    tried        INTEGER NOT NULL,
    source       TEXT NOT NULL,
    span         INTEGER NOT NULL,
    path_from    INTEGER NOT NULL,
    path_to      INTEGER NOT NULL,
    ticks        INTEGER NOT NULL,
    gaps         INTEGER NOT NULL,
    missing      INTEGER NOT NULL,
    ambiguous    INTEGER NOT NULL CHECK (ambiguous IN (0, 1)),
    incomplete   INTEGER NOT NULL CHECK (incomplete IN (0, 1)),
    p_ending     TEXT NOT NULL,
    p_ending_k   INTEGER,
    p_r          TEXT,
    p_filled     TEXT NOT NULL,
    p_targets    INTEGER NOT NULL,
    p_entered_at INTEGER,
    p_ended_at   INTEGER NOT NULL,
    p_mfe        TEXT,
    p_mae        TEXT,
    o_ending     TEXT NOT NULL,
    o_ending_k   INTEGER,
    o_r          TEXT,
    o_filled     TEXT NOT NULL,
    o_targets    INTEGER NOT NULL,
    o_entered_at INTEGER,
    o_ended_at   INTEGER NOT NULL,
    o_mfe        TEXT,
    o_mae        TEXT,
    PRIMARY KEY (signal, model, policy, revision)
) STRICT;
CREATE INDEX retrials_tried ON retrials (tried);

-- The newest rules by which a signal was tried to the end; 0 where it never was.
ALTER TABLE signals ADD COLUMN retried INTEGER NOT NULL DEFAULT 0;
CREATE INDEX signals_to_retry ON signals (retried, seq) WHERE judged;
