-- Channels that were made while the platform ran, and how their posts arrive. The others stand in
-- the configuration.
CREATE TABLE made (
    channel          TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES channels (id),
    source           TEXT COLLATE "C" NOT NULL,
    address          TEXT COLLATE "C",
    interval_s       BIGINT,
    key              BYTEA,
    archived         TIMESTAMPTZ,
    revision         BIGINT NOT NULL CHECK (revision >= 1)
);
