-- Finds who said the same levels: a stop that two channels share to the last digit is rare.
CREATE INDEX signals_by_levels ON signals (pair, side, stop);
