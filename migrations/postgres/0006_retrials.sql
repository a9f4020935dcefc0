-- What comes of a signal under each execution model from recorded prices, beside what the live market
-- decided. Nothing is overwritten: other rules are another `policy`, and prices that tell more another
-- `revision`.
CREATE TABLE retrials (
    signal           TEXT COLLATE "C" NOT NULL REFERENCES signals (id),
    model            TEXT COLLATE "C" NOT NULL,
    policy           BIGINT NOT NULL,
    revision         BIGINT NOT NULL CHECK (revision >= 1),
    tried            TIMESTAMPTZ NOT NULL,
    source           TEXT COLLATE "C" NOT NULL,
    span             BIGINT NOT NULL,
    path_from        TIMESTAMPTZ NOT NULL,
    path_to          TIMESTAMPTZ NOT NULL,
    ticks            BIGINT NOT NULL,
    gaps             BIGINT NOT NULL,
    missing          BIGINT NOT NULL,
    ambiguous        BOOLEAN NOT NULL,
    incomplete       BOOLEAN NOT NULL,
    p_ending         TEXT COLLATE "C" NOT NULL,
    p_ending_k       BIGINT,
    p_r              NUMERIC,
    p_filled         NUMERIC NOT NULL,
    p_targets        BIGINT NOT NULL,
    p_entered_at     TIMESTAMPTZ,
    p_ended_at       TIMESTAMPTZ NOT NULL,
    p_mfe            NUMERIC,
    p_mae            NUMERIC,
    o_ending         TEXT COLLATE "C" NOT NULL,
    o_ending_k       BIGINT,
    o_r              NUMERIC,
    o_filled         NUMERIC NOT NULL,
    o_targets        BIGINT NOT NULL,
    o_entered_at     TIMESTAMPTZ,
    o_ended_at       TIMESTAMPTZ NOT NULL,
    o_mfe            NUMERIC,
    o_mae            NUMERIC,
    PRIMARY KEY (signal, model, policy, revision)
);
CREATE INDEX retrials_tried ON retrials (tried);

-- The newest rules by which a signal was tried to the end; 0 where it never was.
ALTER TABLE signals ADD COLUMN retried BIGINT NOT NULL DEFAULT 0;
CREATE INDEX signals_to_retry ON signals (retried, seq) WHERE judged;
