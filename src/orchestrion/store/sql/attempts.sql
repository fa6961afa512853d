-- name: add_attempts*!
-- New attempts; the engine is set for those that are claimed at birth.
INSERT INTO attempt (execution, workflow, entry, item, number, root, due_at, engine) VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- name: claim_attempts*!
-- An engine takes attempts.
UPDATE attempt SET engine = ? WHERE execution = ?;

-- name: delete_attempts*!
-- Attempts that have ended or are not wanted any more.
DELETE FROM attempt WHERE execution = ?;

-- name: set_process*!
-- The process of an attempt.
UPDATE attempt SET pid = ?, mark = ? WHERE execution = ?;

-- name: attempt^
-- One attempt, if it has not ended.
SELECT * FROM attempt WHERE execution = :execution;

-- name: attempt_of^
-- The attempt with this fencing token, if it has not ended.
SELECT * FROM attempt
WHERE workflow = :workflow AND entry = :entry AND item IS :item AND number = :number;

-- name: claimable_attempts
-- The attempts of a tree that may start now, those that are due longest first. Held workflow executions are skipped.
SELECT attempt.* FROM attempt JOIN workflow ON workflow.id = attempt.workflow
WHERE attempt.root = :root AND attempt.engine IS NULL AND attempt.due_at <= :now AND workflow.held = 0
ORDER BY attempt.due_at, attempt.execution LIMIT :count;

-- name: next_due$
-- When the next attempt of a tree is due that is not held.
SELECT min(attempt.due_at) FROM attempt JOIN workflow ON workflow.id = attempt.workflow
WHERE attempt.root = :root AND attempt.engine IS NULL AND workflow.held = 0;

-- name: attempts_of_engine
-- The attempts that an engine has claimed.
SELECT execution FROM attempt WHERE engine = :engine;

-- name: attempts_at_work
-- The attempts of a tree that an engine has claimed.
SELECT * FROM attempt WHERE root = :root AND engine IS NOT NULL ORDER BY execution;

-- name: attempts_of_workflow
-- The attempts of a workflow execution that have not ended.
SELECT * FROM attempt WHERE workflow = :workflow ORDER BY execution;

-- name: processes_of_tree
-- The processes of the attempts of a tree.
SELECT execution, pid, mark FROM attempt WHERE root = :root AND pid IS NOT NULL;
