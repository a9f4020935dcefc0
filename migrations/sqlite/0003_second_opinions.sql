-- What a person says of a reading. Nothing is overwritten: a second opinion is a further revision, and
-- neither changes what was read or what became of it.
CREATE TABLE reviews (
    channel  TEXT    NOT NULL,
    key      TEXT    NOT NULL,
    version  INTEGER NOT NULL,
    revision INTEGER NOT NULL CHECK (revision >= 1),
    verdict  TEXT    NOT NULL,
    class    TEXT    NOT NULL,
    drafts   TEXT    NOT NULL,
    note     TEXT,
    reviewed INTEGER NOT NULL,
    PRIMARY KEY (channel, key, version, revision),
    FOREIGN KEY (channel, key, version) REFERENCES readings (channel, key, version)
) STRICT;

-- What a later parser makes of a version, beside what was read when it arrived.
CREATE TABLE rereadings (
    channel TEXT    NOT NULL,
    key     TEXT    NOT NULL,
    version INTEGER NOT NULL,
    parser  TEXT    NOT NULL,
    class   TEXT    NOT NULL,
    reason  TEXT,
    drafts  TEXT    NOT NULL,
    read    INTEGER NOT NULL,
    PRIMARY KEY (channel, key, version, parser),
    FOREIGN KEY (channel, key, version) REFERENCES readings (channel, key, version)
) STRICT;
