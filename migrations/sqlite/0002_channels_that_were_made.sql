-- Channels that were made while the platform ran, and how their posts arrive. The others stand in
-- the configuration.
CREATE TABLE made (
    channel  TEXT    NOT NULL PRIMARY KEY REFERENCES channels (id),
    source   TEXT    NOT NULL,
    address  TEXT,
    interval_s INTEGER,
    key      BLOB,
    archived INTEGER,
    revision INTEGER NOT NULL CHECK (revision >= 1)
) STRICT;
