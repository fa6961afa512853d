-- Who may use a server, and what shows who they are. Of passwords, tokens and API keys only hashes are kept.
CREATE TABLE account (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL,         -- viewer, operator or admin
    password TEXT,              -- scrypt$N$R$P$SALT$HASH; NULL: no log-in, only tokens and API keys
    created_at INTEGER NOT NULL
);
CREATE TABLE credential (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,         -- token or key
    account TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,  -- SHA-256 of 256 bits of chance
    created_at INTEGER NOT NULL,
    expires_at INTEGER,         -- NULL: never
    enabled INTEGER NOT NULL DEFAULT 1,
    metadata TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX credential_of_account ON credential (account);
CREATE INDEX credential_by_expiry ON credential (expires_at) WHERE expires_at IS NOT NULL;
