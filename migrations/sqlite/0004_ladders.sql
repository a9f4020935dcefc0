-- The orders of an entry at several prices, as JSON; its lowest and highest stand in entry_low and
-- entry_high. NULL for every other kind of entry.
ALTER TABLE signals ADD COLUMN entry_rungs TEXT;
