-- Whether an attempt waits for its time, `due_at`, or only for room: then `due_at` is its place in the queue, and no date keeps
-- it waiting, wherever the clock was set.
ALTER TABLE attempt ADD COLUMN delayed INTEGER NOT NULL DEFAULT 0;
UPDATE attempt SET delayed = 1
WHERE engine IS NULL AND execution IN (SELECT id FROM execution WHERE status = 'delayed');
DROP INDEX attempt_to_claim;
DROP INDEX attempt_due;
CREATE INDEX attempt_to_claim ON attempt (root, delayed, due_at, execution) WHERE engine IS NULL;
CREATE INDEX attempt_due ON attempt (delayed, due_at, execution) WHERE engine IS NULL;
