-- name: add_attempts*!
-- New attempts; the engine is set for those that are claimed at birth.
INSERT INTO attempt (execution, workflow, entry, item, number, root, due_at, engine, repeatable, expires_at, delayed)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: claim_attempts*!
-- An engine takes attempts; without one, they are back in the queue.
UPDATE attempt SET due_at = ?, engine = ?, repeatable = ?, expires_at = ?, delayed = ? WHERE execution = ?;

-- name: delete_attempts*!
-- Attempts that have ended or are not wanted any more.
DELETE FROM attempt WHERE execution = ?;

-- name: add_processes*!
-- Processes of actions that were started.
INSERT INTO process (execution, engine, pid, mark) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING;

-- name: delete_processes*!
-- Processes that have ended.
DELETE FROM process WHERE execution = ? AND engine = ?;

-- name: leftover_processes
-- Processes of attempts that were given up, or that somebody else runs now.
SELECT process.* FROM process LEFT JOIN attempt ON attempt.execution = process.execution
WHERE attempt.engine IS NOT process.engine;

-- name: leftover_processes_of
-- The same of one engine.
SELECT process.* FROM process LEFT JOIN attempt ON attempt.execution = process.execution
WHERE process.engine = :engine AND attempt.engine IS NOT process.engine;

-- name: attempt^
-- One attempt, if it has not ended.
SELECT * FROM attempt WHERE execution = :execution;

-- name: at_work_among
-- Those of some executions whose attempts have not ended, with those.
SELECT execution.*, attempt.root, attempt.due_at, attempt.engine, attempt.repeatable, attempt.expires_at, attempt.delayed
FROM json_each(:executions) CROSS JOIN attempt ON attempt.execution = value CROSS JOIN execution ON execution.id = value;

-- name: attempt_of^
-- The attempt with this fencing token, if it has not ended.
SELECT * FROM attempt
WHERE workflow = :workflow AND entry = :entry AND item IS :item AND number = :number;

-- name: claimable_attempts
-- The attempts of a tree that may start now, those that are due longest first: what waits for room only, whatever the date, and
-- whose delay is over. Held workflow executions are skipped, but for attempts that have begun already and are started again.
SELECT attempt.* FROM attempt JOIN workflow ON workflow.id = attempt.workflow
WHERE attempt.root = :root AND attempt.engine IS NULL AND attempt.delayed = 0
    AND (workflow.held = 0 OR attempt.repeatable = 1)
UNION ALL SELECT attempt.* FROM attempt JOIN workflow ON workflow.id = attempt.workflow
WHERE attempt.root = :root AND attempt.engine IS NULL AND attempt.delayed = 1 AND attempt.due_at <= :now AND workflow.held = 0
ORDER BY due_at, execution LIMIT :count;

-- name: next_due$
-- When the next attempt of a tree is due that is not held; 0: at once.
SELECT min(at) FROM (
    SELECT * FROM (
        SELECT 0 AS at FROM attempt JOIN workflow ON workflow.id = attempt.workflow
        WHERE attempt.root = :root AND attempt.engine IS NULL AND attempt.delayed = 0
            AND (workflow.held = 0 OR attempt.repeatable = 1) LIMIT 1
    ) UNION ALL SELECT * FROM (
        SELECT attempt.due_at FROM attempt JOIN workflow ON workflow.id = attempt.workflow
        WHERE attempt.root = :root AND attempt.engine IS NULL AND attempt.delayed = 1
            AND workflow.held = 0
        ORDER BY attempt.due_at LIMIT 1
    )
);

-- name: keep_order!
-- What waits for room since a date that is yet to come again: it waits since now, so that nothing newer gets a place before it.
UPDATE attempt SET due_at = :now WHERE engine IS NULL AND delayed = 0 AND due_at > :now;

-- name: attempts_at_work
-- The attempts of a tree that an engine has claimed, in the order in which it did.
SELECT * FROM attempt WHERE root = :root AND engine IS NOT NULL ORDER BY due_at, execution;

-- name: attempts_of_tree
-- The attempts of a tree that have not ended.
SELECT * FROM attempt WHERE root = :root ORDER BY execution;

-- name: engines_of_entries
-- Which engines have claimed attempts of the entries of a workflow execution.
SELECT DISTINCT entry, engine FROM attempt WHERE workflow = :workflow AND engine IS NOT NULL;

-- name: claimable_in_pool
-- The same of the trees that name no engine.
SELECT attempt.* FROM attempt JOIN workflow ON workflow.id = attempt.workflow JOIN workflow AS root ON root.id = attempt.root
WHERE attempt.engine IS NULL AND attempt.delayed = 0 AND (workflow.held = 0 OR attempt.repeatable = 1) AND root.engine IS NULL
UNION ALL
SELECT attempt.* FROM attempt JOIN workflow ON workflow.id = attempt.workflow JOIN workflow AS root ON root.id = attempt.root
WHERE attempt.engine IS NULL AND attempt.delayed = 1 AND attempt.due_at <= :now AND workflow.held = 0 AND root.engine IS NULL
ORDER BY due_at, execution LIMIT :count;

-- name: next_due_in_pool$
-- When the next attempt of such a tree is due that is not held; 0: at once.
SELECT min(at) FROM (
    SELECT * FROM (
        SELECT 0 AS at
        FROM attempt JOIN workflow ON workflow.id = attempt.workflow JOIN workflow AS root ON root.id = attempt.root
        WHERE attempt.engine IS NULL AND attempt.delayed = 0
            AND (workflow.held = 0 OR attempt.repeatable = 1)
            AND root.engine IS NULL LIMIT 1
    ) UNION ALL SELECT * FROM (
        SELECT attempt.due_at
        FROM attempt JOIN workflow ON workflow.id = attempt.workflow JOIN workflow AS root ON root.id = attempt.root
        WHERE attempt.engine IS NULL AND attempt.delayed = 1
            AND workflow.held = 0 AND root.engine IS NULL
        ORDER BY attempt.due_at LIMIT 1
    )
);

-- name: engine_of_tree$
-- The engine of a tree.
SELECT engine FROM workflow WHERE id = :root;

-- name: empties_in_pool
-- The entries without items of the trees that name no engine.
SELECT empty.* FROM empty JOIN workflow ON workflow.id = empty.workflow JOIN workflow AS root ON root.id = workflow.root
WHERE root.engine IS NULL ORDER BY empty.id LIMIT :count;

-- name: overdue
-- What of a tree must end, because its time is over: attempts, and whole workflow executions. Those that are late longest first.
SELECT expires_at, execution, NULL AS workflow FROM attempt WHERE root = :root AND expires_at <= :now
UNION ALL SELECT expires_at, NULL, id FROM workflow WHERE root = :root AND expires_at <= :now
ORDER BY expires_at LIMIT :count;

-- name: overdue_in_pool
-- The same of the trees that name no engine.
SELECT attempt.expires_at AS expires_at, attempt.execution, NULL AS workflow
FROM attempt JOIN workflow AS root ON root.id = attempt.root WHERE attempt.expires_at <= :now AND root.engine IS NULL
UNION ALL SELECT workflow.expires_at, NULL, workflow.id
FROM workflow JOIN workflow AS root ON root.id = workflow.root WHERE workflow.expires_at <= :now AND root.engine IS NULL
ORDER BY expires_at LIMIT :count;

-- name: next_expiry$
-- When the next attempt or workflow execution of a tree must end.
SELECT min(at) FROM (
    SELECT min(expires_at) AS at FROM attempt WHERE root = :root AND expires_at IS NOT NULL
    UNION ALL SELECT min(expires_at) FROM workflow WHERE root = :root AND expires_at IS NOT NULL
);

-- name: next_expiry_in_pool$
-- The same of the trees that name no engine.
SELECT min(at) FROM (
    SELECT * FROM (
        SELECT attempt.expires_at AS at FROM attempt JOIN workflow AS root ON root.id = attempt.root
        WHERE attempt.expires_at IS NOT NULL AND root.engine IS NULL ORDER BY attempt.expires_at LIMIT 1
    ) UNION ALL SELECT * FROM (
        SELECT workflow.expires_at FROM workflow JOIN workflow AS root ON root.id = workflow.root
        WHERE workflow.expires_at IS NOT NULL AND root.engine IS NULL ORDER BY workflow.expires_at LIMIT 1
    )
);

-- name: inquiries_of_tree
-- The inquiries of a tree that wait for an answer.
SELECT execution FROM attempt WHERE root = :root AND engine = 'inquiry' ORDER BY execution;

-- name: inquiries
-- All inquiries that wait for an answer, the newest first, with what is secret in their tree.
SELECT execution.*, attempt.expires_at, (SELECT sealed FROM secret WHERE secret.root = attempt.root) AS secrets
FROM attempt JOIN execution ON execution.id = attempt.execution
WHERE attempt.engine = 'inquiry' ORDER BY attempt.execution DESC LIMIT :count;

-- name: add_empty!
-- With-items entries whose end is delivered in a later unit.
INSERT INTO empty (workflow, entries) VALUES (:workflow, :entries);

-- name: empties
-- The entries without items of a tree whose end is to be delivered.
SELECT empty.* FROM empty JOIN workflow ON workflow.id = empty.workflow WHERE workflow.root = :root ORDER BY empty.id LIMIT :count;

-- name: delete_empty!
-- Their end is delivered.
DELETE FROM empty WHERE id = :id;

-- name: move_attempts!
-- The attempts of a workflow execution belong to another tree now.
UPDATE attempt SET root = :root WHERE workflow = :workflow;

-- name: attempts_of_workflow
-- The attempts of a workflow execution that have not ended.
SELECT * FROM attempt WHERE workflow = :workflow ORDER BY execution;
