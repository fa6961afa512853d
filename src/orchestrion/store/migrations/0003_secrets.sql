-- The key store. Values of secret keys are sealed (store/vault.py); `owner` is the user in the scope `user`, and empty in `system`.
CREATE TABLE key (
    scope TEXT NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    secret INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (scope, owner, name)
);
CREATE INDEX key_by_expiry ON key (expires_at) WHERE expires_at IS NOT NULL;

-- What is secret in the tree of a workflow execution, sealed. Everything else that such a tree stores is sealed, too.
CREATE TABLE secret (
    root TEXT PRIMARY KEY,
    sealed TEXT NOT NULL
);

-- A known text, sealed with the key of this store: it tells whether a key file is the right one.
CREATE TABLE vault (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    proof TEXT NOT NULL
);
