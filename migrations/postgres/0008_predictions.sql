-- What a model said of a signal more than a chance: how much likelier than by the levels alone, and
-- what moved it most, as JSON.
ALTER TABLE signals ADD COLUMN score_skill DOUBLE PRECISION;
ALTER TABLE signals ADD COLUMN score_moved TEXT COLLATE "C";

-- What every model said, the one that spoke and those that were tried beside it, stored with the signal.
CREATE TABLE predictions (
    signal           TEXT COLLATE "C" NOT NULL REFERENCES signals (id),
    model            TEXT COLLATE "C" NOT NULL,
    speaks           BOOLEAN NOT NULL,
    targets          TEXT COLLATE "C" NOT NULL,
    first            DOUBLE PRECISION,
    expected_r       DOUBLE PRECISION,
    skill            DOUBLE PRECISION,
    moved            TEXT COLLATE "C" NOT NULL,
    predicted        TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (signal, model)
);
CREATE INDEX predictions_by_model ON predictions (model, predicted);

-- The features that they saw, as JSON; NULL in it is unknown.
CREATE TABLE seen (
    signal           TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES signals (id),
    schema           TEXT COLLATE "C" NOT NULL,
    vector           TEXT COLLATE "C" NOT NULL
);

-- Which model speaks for signals of an origin, since when and why; the last one holds.
CREATE TABLE promotions (
    origin           TEXT COLLATE "C" NOT NULL,
    revision         BIGINT NOT NULL CHECK (revision >= 1),
    model            TEXT COLLATE "C" NOT NULL,
    promoted         TIMESTAMPTZ NOT NULL,
    why              TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (origin, revision)
);
