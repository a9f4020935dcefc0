-- Retrials are records of the chain like outcomes: each has a place, the number that the next event had
-- when it was stored. What was tried before has none, and is given that of the day on which the chain
-- first looks at it: the days before were sealed without it.
ALTER TABLE retrials ADD COLUMN place BIGINT;
CREATE INDEX retrials_by_place ON retrials (place);
