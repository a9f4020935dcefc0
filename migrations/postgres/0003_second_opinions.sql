-- What a person says of a reading. Nothing is overwritten: a second opinion is a further revision, and
-- neither changes what was read or what became of it.
CREATE TABLE reviews (
    channel          TEXT COLLATE "C" NOT NULL,
    key              TEXT COLLATE "C" NOT NULL,
    version          BIGINT NOT NULL,
    revision         BIGINT NOT NULL CHECK (revision >= 1),
    verdict          TEXT COLLATE "C" NOT NULL,
    class            TEXT COLLATE "C" NOT NULL,
    drafts           TEXT COLLATE "C" NOT NULL,
    note             TEXT COLLATE "C",
    reviewed         TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (channel, key, version, revision),
    FOREIGN KEY (channel, key, version) REFERENCES readings (channel, key, version)
);

-- What a later parser makes of a version, beside what was read when it arrived.
CREATE TABLE rereadings (
    channel          TEXT COLLATE "C" NOT NULL,
    key              TEXT COLLATE "C" NOT NULL,
    version          BIGINT NOT NULL,
    parser           TEXT COLLATE "C" NOT NULL,
    class            TEXT COLLATE "C" NOT NULL,
    reason           TEXT COLLATE "C",
    drafts           TEXT COLLATE "C" NOT NULL,
    read             TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (channel, key, version, parser),
    FOREIGN KEY (channel, key, version) REFERENCES readings (channel, key, version)
);
