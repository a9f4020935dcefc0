-- Accounts: who somebody is. `email` is in lower case; `password` is a PHC string; `second` is sealed.
CREATE TABLE accounts (
    id TEXT NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE,
    email TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL,
    verified INTEGER,
    role TEXT NOT NULL,
    language TEXT NOT NULL,
    granted TEXT,
    second BLOB,
    second_confirmed INTEGER NOT NULL,
    second_step INTEGER NOT NULL,
    chosen TEXT NOT NULL,
    created INTEGER NOT NULL,
    closed INTEGER,
    revision INTEGER NOT NULL
) STRICT;

-- Recovery codes that were not taken, by their digests.
CREATE TABLE recovery_codes (
    account TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    digest BLOB NOT NULL,
    PRIMARY KEY (account, digest)
) STRICT;

-- What a mailed link is for, by its digest; one for each purpose.
CREATE TABLE links (
    account TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE,
    expires INTEGER NOT NULL,
    PRIMARY KEY (account, purpose)
) STRICT;

-- Devices that are logged in: browsers by the digest of their cookie, others by the digests of the refresh tokens
-- that they were ever given. One that comes back a second time was stolen.
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    cookie BLOB UNIQUE,
    agent TEXT NOT NULL,
    address TEXT,
    began INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_account ON sessions (account);

CREATE TABLE refreshes (
    digest BLOB NOT NULL PRIMARY KEY,
    session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    newest INTEGER NOT NULL
) STRICT;
CREATE INDEX refreshes_by_session ON refreshes (session);

-- Keys for programs, by their digests.
CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    networks TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER,
    used INTEGER
) STRICT;
CREATE INDEX api_keys_by_account ON api_keys (account);

-- The keys that sign tokens; the private halves are sealed.
CREATE TABLE signing_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    private BLOB NOT NULL,
    public BLOB NOT NULL,
    made INTEGER NOT NULL,
    retires INTEGER
) STRICT;

-- Plans: what they allow and what they cost, in cents of a US dollar.
CREATE TABLE plans (
    id TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    rank INTEGER NOT NULL,
    monthly INTEGER,
    yearly INTEGER,
    trial_days INTEGER NOT NULL,
    delay_s INTEGER NOT NULL,
    channels INTEGER,
    history_s INTEGER,
    features TEXT NOT NULL,
    requests_a_minute INTEGER NOT NULL,
    requests_a_month INTEGER
) STRICT;

-- What somebody pays for, as whoever takes the money says.
CREATE TABLE subscriptions (
    account TEXT NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    customer TEXT NOT NULL UNIQUE,
    subscription TEXT,
    plan TEXT,
    standing TEXT NOT NULL,
    paid_until INTEGER,
    ends INTEGER NOT NULL,
    grace_until INTEGER,
    seen INTEGER NOT NULL
) STRICT;

-- Whose channels are: their owners answer for them, and cannot touch their history.
CREATE TABLE owners (
    channel TEXT NOT NULL PRIMARY KEY REFERENCES channels (id),
    account TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX owners_by_account ON owners (account);

-- How many requests an account made in a month (`2026-11`).
CREATE TABLE requests (
    month TEXT NOT NULL,
    account TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    count INTEGER NOT NULL,
    PRIMARY KEY (month, account)
) STRICT;

-- What privileged people did. Rows are added and never changed; they name accounts by ids that say nothing when
-- the account is gone.
CREATE TABLE deeds (
    number INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;

-- Mails that are to be sent, and were; `key` says what they are about, so that none is sent twice. `params` are
-- sealed: they hold links that open accounts.
CREATE TABLE mails (
    number INTEGER NOT NULL PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    account TEXT,
    recipient TEXT NOT NULL,
    template TEXT NOT NULL,
    language TEXT NOT NULL,
    params BLOB NOT NULL,
    created INTEGER NOT NULL,
    due INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    sent INTEGER,
    failure TEXT
) STRICT;
CREATE INDEX mails_by_due ON mails (due);

-- What whoever takes the money told, once each; `done` when it has been dealt with.
CREATE TABLE payment_events (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    object TEXT,
    body TEXT NOT NULL,
    received INTEGER NOT NULL,
    due INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    done INTEGER,
    failure TEXT
) STRICT;
CREATE INDEX payment_events_by_due ON payment_events (due);

-- Rises with every change of what somebody may do, so that every process hears of it.
ALTER TABLE meta ADD COLUMN door INTEGER NOT NULL DEFAULT 0;
