-- What owners say of their channels, beside the record and apart from it. `at` is when it was last said.
CREATE TABLE words (
    channel TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES channels (id),
    description TEXT COLLATE "C",
    statement TEXT COLLATE "C",
    at TIMESTAMPTZ NOT NULL
);

-- The list of accounts is read from a place in it, whoever was erased meanwhile.
CREATE INDEX accounts_by_creation ON accounts (created, id);

-- The log of what privileged people did is added to and never changed, by whatever program is connected.
CREATE FUNCTION deeds_are_only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log of deeds is only added to';
END;
$$;
CREATE TRIGGER deeds_are_not_changed BEFORE UPDATE OR DELETE ON deeds
    FOR EACH ROW EXECUTE FUNCTION deeds_are_only_added_to();
CREATE TRIGGER deeds_are_not_removed BEFORE TRUNCATE ON deeds
    FOR EACH STATEMENT EXECUTE FUNCTION deeds_are_only_added_to();
