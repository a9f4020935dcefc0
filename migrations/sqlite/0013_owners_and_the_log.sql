-- What owners say of their channels, beside the record and apart from it. `at` is when it was last said.
CREATE TABLE words (
    channel TEXT NOT NULL PRIMARY KEY REFERENCES channels (id),
    description TEXT,
    statement TEXT,
    at INTEGER NOT NULL
) STRICT;

-- The list of accounts is read from a place in it, whoever was erased meanwhile.
CREATE INDEX accounts_by_creation ON accounts (created, id);

-- The log of what privileged people did is added to and never changed, by whatever program is connected.
CREATE TRIGGER deeds_are_not_changed BEFORE UPDATE ON deeds
BEGIN
    SELECT RAISE(ABORT, 'the log of deeds is only added to');
END;
CREATE TRIGGER deeds_are_not_removed BEFORE DELETE ON deeds
BEGIN
    SELECT RAISE(ABORT, 'the log of deeds is only added to');
END;
-- What replaces a row is no removal to a trigger.
CREATE TRIGGER deeds_are_not_replaced BEFORE INSERT ON deeds
WHEN EXISTS (SELECT 1 FROM deeds WHERE number = NEW.number)
BEGIN
    SELECT RAISE(ABORT, 'the log of deeds is only added to');
END;
