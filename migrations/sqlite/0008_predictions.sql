-- What a model said of a signal more than a chance: how much likelier than by the levels alone, and
-- what moved it most, as JSON.
ALTER TABLE signals ADD COLUMN score_skill REAL;
ALTER TABLE signals ADD COLUMN score_moved TEXT;

-- What every model said, the one that spoke and those that were tried beside it, stored with the signal.
CREATE TABLE predictions (
    signal     TEXT    NOT NULL REFERENCES signals (id),
    model      TEXT    NOT NULL,
    speaks     INTEGER NOT NULL,
    targets    TEXT    NOT NULL,
    first      REAL,
    expected_r REAL,
    skill      REAL,
    moved      TEXT    NOT NULL,
    predicted  INTEGER NOT NULL,
    PRIMARY KEY (signal, model)
) STRICT;
CREATE INDEX predictions_by_model ON predictions (model, predicted);

-- The features that they saw, as JSON; NULL in it is unknown.
CREATE TABLE seen (
    signal TEXT NOT NULL PRIMARY KEY REFERENCES signals (id),
    schema TEXT NOT NULL,
    vector TEXT NOT NULL
) STRICT;

-- Which model speaks for signals of an origin, since when and why; the last one holds.
CREATE TABLE promotions (
    origin   TEXT    NOT NULL,
    revision INTEGER NOT NULL CHECK (revision >= 1),
    model    TEXT    NOT NULL,
    promoted INTEGER NOT NULL,
    why      TEXT    NOT NULL,
    PRIMARY KEY (origin, revision)
) STRICT;
