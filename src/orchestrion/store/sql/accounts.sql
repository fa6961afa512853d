-- name: account^
-- One account.
SELECT name, role, password, created_at FROM account WHERE name = :name;

-- name: accounts
-- All accounts, with how many tokens and API keys of theirs are good.
SELECT a.name, a.role, a.password IS NOT NULL AS has_password, a.created_at,
    (SELECT count(*) FROM credential c WHERE c.account = a.name AND c.kind = 'token' AND c.expires_at > :now) AS tokens,
    (SELECT count(*) FROM credential c WHERE c.account = a.name AND c.kind = 'key' AND c.enabled) AS keys
FROM account a ORDER BY a.name;

-- name: count_accounts$
-- How many accounts there are.
SELECT count(*) FROM account;

-- name: add_account!
-- A new account; nothing where there is one of this name.
INSERT INTO account (name, role, password, created_at) VALUES (:name, :role, :password, :created_at)
ON CONFLICT (name) DO NOTHING;

-- name: set_password!
-- Another password.
UPDATE account SET password = :password WHERE name = :name;

-- name: delete_account!
-- An account is not wanted any more.
DELETE FROM account WHERE name = :name;

-- name: add_credential!
-- A new token or API key.
INSERT INTO credential (id, kind, account, hash, created_at, expires_at, metadata)
VALUES (:id, :kind, :account, :hash, :created_at, :expires_at, :metadata);

-- name: credential^
-- What a token or API key stands for. One of an account that is gone stands for nobody.
SELECT c.account, a.role, c.expires_at, c.enabled FROM credential c JOIN account a ON a.name = c.account
WHERE c.hash = :hash AND c.kind = :kind;

-- name: delete_tokens!
-- The tokens of an account count no more.
DELETE FROM credential WHERE account = :account AND kind = 'token';

-- name: delete_credentials!
-- Neither do all that show an account.
DELETE FROM credential WHERE account = :account;

-- name: purge_tokens!
-- Tokens whose time is over.
DELETE FROM credential WHERE expires_at <= :now;

-- name: api_keys
-- The API keys of an account (NULL: of all), the oldest first.
SELECT id, account, hash, created_at, enabled, metadata FROM credential
WHERE kind = 'key' AND (:account IS NULL OR account = :account) ORDER BY created_at, id;

-- name: api_key^
-- One API key, by its id or by the hash of itself.
SELECT id, account, hash, created_at, enabled, metadata FROM credential
WHERE kind = 'key' AND (id = :id OR hash = :hash);

-- name: change_api_key!
-- An API key in its new form.
UPDATE credential SET account = :account, enabled = :enabled, metadata = :metadata WHERE kind = 'key' AND id = :id;

-- name: delete_api_key!
-- An API key counts no more.
DELETE FROM credential WHERE kind = 'key' AND id = :id;
