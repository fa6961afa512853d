-- name: join_engine!
-- A process begins to work, or puts off the end of its lease.
INSERT INTO engine (id, kind, pid, started_at, alive_until) VALUES (:id, :kind, :pid, :started_at, :alive_until)
ON CONFLICT (id) DO UPDATE SET alive_until = excluded.alive_until;

-- name: drain_engine!
-- A process starts nothing more.
UPDATE engine SET draining = 1 WHERE id = :id;

-- name: delete_engine!
-- A process has left, or all that it left behind is cleared up.
DELETE FROM engine WHERE id = :id;

-- name: engine^
-- One process.
SELECT * FROM engine WHERE id = :id;

-- name: engines
-- All processes, oldest first.
SELECT * FROM engine ORDER BY id;

-- name: services
-- The processes that take work that belongs to nobody.
SELECT * FROM engine WHERE kind IN ('serve', 'worker') AND draining = 0 ORDER BY id;

-- name: trees_of_engine
-- The roots of the trees that an engine works for.
SELECT id FROM workflow WHERE engine = :engine LIMIT :count;

-- name: attempts_of_engine
-- The attempts that an engine has claimed.
SELECT * FROM attempt WHERE engine = :engine ORDER BY due_at, execution LIMIT :count;

-- name: release_trees!
-- The trees of an engine belong to nobody.
UPDATE workflow SET engine = NULL WHERE engine = :engine;
