-- name: active_executions
-- How many executions that people have started are in each status that is not an end.
SELECT status, count(*) AS number FROM execution
WHERE top = 1 AND status NOT IN ('succeeded', 'failed', 'timeout', 'abandoned', 'canceled')
GROUP BY status ORDER BY status;

-- name: attempts_by_state^
-- How many attempts wait to start, run, and wait for an answer.
SELECT count(*) FILTER (WHERE engine IS NULL) AS waiting, count(*) FILTER (WHERE engine = 'inquiry') AS asking,
    count(*) FILTER (WHERE engine NOT IN ('inquiry', 'subworkflow')) AS running
FROM attempt;

-- name: stuck_executions$
-- How many executions that people have started are not at their end or held, and nothing is left that would move them.
SELECT count(*) FROM execution JOIN workflow ON workflow.id = coalesce(execution.workflow, execution.of_workflow)
WHERE execution.top = 1 AND execution.status NOT IN ('succeeded', 'failed', 'timeout', 'abandoned', 'canceled', 'paused')
    AND workflow.root NOT IN (SELECT root FROM attempt)
    AND workflow.root NOT IN (SELECT owner.root FROM empty JOIN workflow AS owner ON owner.id = empty.workflow);

-- name: waits_longest$
-- Since when the attempt waits that waits longest for somebody to start it, of trees that name no engine.
SELECT min(due_at) FROM (
    SELECT * FROM (
        SELECT attempt.due_at
        FROM attempt JOIN workflow ON workflow.id = attempt.workflow JOIN workflow AS root ON root.id = attempt.root
        WHERE attempt.engine IS NULL AND attempt.delayed = 0 AND (workflow.held = 0 OR attempt.repeatable = 1)
            AND root.engine IS NULL
        ORDER BY attempt.due_at LIMIT 1
    ) UNION ALL SELECT * FROM (
        SELECT attempt.due_at
        FROM attempt JOIN workflow ON workflow.id = attempt.workflow JOIN workflow AS root ON root.id = attempt.root
        WHERE attempt.engine IS NULL AND attempt.delayed = 1 AND attempt.due_at <= :now AND workflow.held = 0
            AND root.engine IS NULL
        ORDER BY attempt.due_at LIMIT 1
    )
);
