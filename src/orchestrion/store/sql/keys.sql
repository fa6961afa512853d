-- name: key^
-- One key, unless it has expired.
SELECT scope, owner, name, value, secret, expires_at FROM key
WHERE scope = :scope AND owner = :owner AND name = :name AND (expires_at IS NULL OR expires_at > :now);

-- name: keys
-- The keys of the system and of one user that begin with a prefix and have not expired. No scope: of both.
SELECT scope, owner, name, value, secret, expires_at FROM key
WHERE (:scope IS NULL OR scope = :scope) AND owner IN ('', :owner) AND substr(name, 1, length(:prefix)) = :prefix
    AND (expires_at IS NULL OR expires_at > :now)
ORDER BY scope, name;

-- name: set_key!
-- A key in its new form.
INSERT INTO key (scope, owner, name, value, secret, expires_at) VALUES (:scope, :owner, :name, :value, :secret, :expires_at)
ON CONFLICT (scope, owner, name) DO UPDATE
SET value = excluded.value, secret = excluded.secret, expires_at = excluded.expires_at;

-- name: delete_key!
-- A key is not wanted any more.
DELETE FROM key WHERE scope = :scope AND owner = :owner AND name = :name;

-- name: purge_keys!
-- Keys whose time is over.
DELETE FROM key WHERE expires_at <= :now;

-- name: vault_proof$
-- What tells whether a key file is the right one; nothing where nothing was ever sealed.
SELECT proof FROM vault;

-- name: add_vault!
-- The store has a key file from now on.
INSERT INTO vault (id, proof) VALUES (1, :proof);

-- name: save_secrets!
-- What is secret in a tree, sealed.
INSERT INTO secret (root, sealed) VALUES (:root, :sealed) ON CONFLICT (root) DO UPDATE SET sealed = excluded.sealed;
