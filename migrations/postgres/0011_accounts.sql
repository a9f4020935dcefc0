-- Accounts: who somebody is. `email` is in lower case; `password` is a PHC string; `second` is sealed.
CREATE TABLE accounts (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE,
    email TEXT COLLATE "C" NOT NULL UNIQUE,
    password TEXT COLLATE "C" NOT NULL,
    verified TIMESTAMPTZ,
    role TEXT COLLATE "C" NOT NULL,
    language TEXT COLLATE "C" NOT NULL,
    granted TEXT COLLATE "C",
    second BYTEA,
    second_confirmed BOOLEAN NOT NULL,
    second_step BIGINT NOT NULL,
    chosen TEXT COLLATE "C" NOT NULL,
    created TIMESTAMPTZ NOT NULL,
    closed TIMESTAMPTZ,
    revision BIGINT NOT NULL
);

-- Recovery codes that were not taken, by their digests.
CREATE TABLE recovery_codes (
    account TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    digest BYTEA NOT NULL,
    PRIMARY KEY (account, digest)
);

-- What a mailed link is for, by its digest; one for each purpose.
CREATE TABLE links (
    account TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    purpose TEXT COLLATE "C" NOT NULL,
    digest BYTEA NOT NULL UNIQUE,
    expires TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (account, purpose)
);

-- Devices that are logged in: browsers by the digest of their cookie, others by the digests of the refresh tokens
-- that they were ever given. One that comes back a second time was stolen.
CREATE TABLE sessions (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    cookie BYTEA UNIQUE,
    agent TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C",
    began TIMESTAMPTZ NOT NULL,
    seen TIMESTAMPTZ NOT NULL,
    expires TIMESTAMPTZ NOT NULL
);
CREATE INDEX sessions_by_account ON sessions (account);

CREATE TABLE refreshes (
    digest BYTEA NOT NULL PRIMARY KEY,
    session TEXT COLLATE "C" NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    newest BOOLEAN NOT NULL
);
CREATE INDEX refreshes_by_session ON refreshes (session);

-- Keys for programs, by their digests.
CREATE TABLE api_keys (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT COLLATE "C" NOT NULL,
    prefix TEXT COLLATE "C" NOT NULL,
    digest BYTEA NOT NULL UNIQUE,
    scopes TEXT COLLATE "C" NOT NULL,
    networks TEXT COLLATE "C" NOT NULL,
    created TIMESTAMPTZ NOT NULL,
    expires TIMESTAMPTZ,
    used TIMESTAMPTZ
);
CREATE INDEX api_keys_by_account ON api_keys (account);

-- The keys that sign tokens; the private halves are sealed.
CREATE TABLE signing_keys (
    kid TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    private BYTEA NOT NULL,
    public BYTEA NOT NULL,
    made TIMESTAMPTZ NOT NULL,
    retires TIMESTAMPTZ
);

-- Plans: what they allow and what they cost, in cents of a US dollar.
CREATE TABLE plans (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    title TEXT COLLATE "C" NOT NULL,
    rank BIGINT NOT NULL,
    monthly BIGINT,
    yearly BIGINT,
    trial_days BIGINT NOT NULL,
    delay_s BIGINT NOT NULL,
    channels BIGINT,
    history_s BIGINT,
    features TEXT COLLATE "C" NOT NULL,
    requests_a_minute BIGINT NOT NULL,
    requests_a_month BIGINT
);

-- What somebody pays for, as whoever takes the money says.
CREATE TABLE subscriptions (
    account TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    customer TEXT COLLATE "C" NOT NULL UNIQUE,
    subscription TEXT COLLATE "C",
    plan TEXT COLLATE "C",
    standing TEXT COLLATE "C" NOT NULL,
    paid_until TIMESTAMPTZ,
    ends BOOLEAN NOT NULL,
    grace_until TIMESTAMPTZ,
    seen TIMESTAMPTZ NOT NULL
);

-- Whose channels are: their owners answer for them, and cannot touch their history.
CREATE TABLE owners (
    channel TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES channels (id),
    account TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE
);
CREATE INDEX owners_by_account ON owners (account);

-- How many requests an account made in a month (`2026-11`).
CREATE TABLE requests (
    month TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    count BIGINT NOT NULL,
    PRIMARY KEY (month, account)
);

-- What privileged people did. Rows are added and never changed; they name accounts by ids that say nothing when
-- the account is gone.
CREATE TABLE deeds (
    number BIGINT NOT NULL PRIMARY KEY,
    at TIMESTAMPTZ NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL
);

-- Mails that are to be sent, and were; `key` says what they are about, so that none is sent twice. `params` are
-- sealed: they hold links that open accounts.
CREATE TABLE mails (
    number BIGINT NOT NULL PRIMARY KEY,
    key TEXT COLLATE "C" NOT NULL UNIQUE,
    account TEXT COLLATE "C",
    recipient TEXT COLLATE "C" NOT NULL,
    template TEXT COLLATE "C" NOT NULL,
    language TEXT COLLATE "C" NOT NULL,
    params BYTEA NOT NULL,
    created TIMESTAMPTZ NOT NULL,
    due TIMESTAMPTZ NOT NULL,
    attempts BIGINT NOT NULL,
    sent TIMESTAMPTZ,
    failure TEXT COLLATE "C"
);
CREATE INDEX mails_by_due ON mails (due);

-- What whoever takes the money told, once each; `done` when it has been dealt with.
CREATE TABLE payment_events (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL,
    object TEXT COLLATE "C",
    body TEXT COLLATE "C" NOT NULL,
    received TIMESTAMPTZ NOT NULL,
    due TIMESTAMPTZ NOT NULL,
    attempts BIGINT NOT NULL,
    done TIMESTAMPTZ,
    failure TEXT COLLATE "C"
);
CREATE INDEX payment_events_by_due ON payment_events (due);

-- Rises with every change of what somebody may do, so that every process hears of it.
ALTER TABLE meta ADD COLUMN door BIGINT NOT NULL DEFAULT 0;
