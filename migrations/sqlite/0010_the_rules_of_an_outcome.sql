-- The rules by which a signal was judged live, as retrials have told it all along. NULL where it was judged
-- before they were told, which was by rules 1 or 2.
ALTER TABLE outcomes ADD COLUMN policy INTEGER;
