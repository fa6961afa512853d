-- A process that works on this store. It counts as alive until `alive_until` (microseconds of the machine's monotonic clock,
-- which no change of the date moves), which it puts off while it lives. `serve` and `worker` take all work that belongs to
-- nobody; a `command` works for the trees that name it only.
CREATE TABLE engine (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    alive_until INTEGER NOT NULL,
    draining INTEGER NOT NULL DEFAULT 0     -- it starts nothing more
);
CREATE INDEX attempt_due ON attempt (due_at, execution) WHERE engine IS NULL;
CREATE INDEX inquiry_due ON attempt (due_at) WHERE engine = 'inquiry';
CREATE INDEX inquiry_of_tree ON attempt (root, due_at) WHERE engine = 'inquiry';
CREATE INDEX workflow_of_engine ON workflow (engine) WHERE engine IS NOT NULL;
