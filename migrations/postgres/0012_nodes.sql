-- The processes that serve this record, each as it last said of itself. `addresses` and `roles` are lists, a word a
-- line.
CREATE TABLE nodes (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    host TEXT COLLATE "C" NOT NULL,
    version TEXT COLLATE "C" NOT NULL,
    addresses TEXT COLLATE "C" NOT NULL,
    roles TEXT COLLATE "C" NOT NULL,
    started TIMESTAMPTZ NOT NULL,
    seen TIMESTAMPTZ NOT NULL,
    departed TIMESTAMPTZ
);
