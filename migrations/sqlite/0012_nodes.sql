-- The processes that serve this record, each as it last said of itself. `addresses` and `roles` are lists, a word a
-- line.
CREATE TABLE nodes (
    id TEXT NOT NULL PRIMARY KEY,
    host TEXT NOT NULL,
    version TEXT NOT NULL,
    addresses TEXT NOT NULL,
    roles TEXT NOT NULL,
    started INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    departed INTEGER
) STRICT;
