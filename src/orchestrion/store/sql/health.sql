-- name: named_engines
-- The processes that attempts or trees name.
SELECT engine FROM attempt WHERE engine IS NOT NULL UNION SELECT engine FROM workflow WHERE engine IS NOT NULL;

-- name: count_of_engine^
-- How many attempts and trees name a process.
SELECT (SELECT count(*) FROM attempt WHERE engine = :engine) AS attempts,
    (SELECT count(*) FROM workflow WHERE engine = :engine) AS trees;

-- name: workflows_at_work
-- The workflow executions that have not ended, or of which attempts are left.
SELECT id FROM workflow
WHERE id > :after AND (
    status NOT IN ('succeeded', 'failed', 'timeout', 'abandoned', 'canceled') OR id IN (SELECT workflow FROM attempt)
) ORDER BY id LIMIT :count;

-- name: disagreeing_executions
-- Executions that show another status than the workflow execution that they run.
SELECT workflow.id AS workflow, execution.id, execution.status, workflow.status AS expected
FROM workflow JOIN execution ON execution.id = workflow.execution WHERE execution.status != workflow.status;

-- name: unattended_executions
-- Unfinished executions of actions without an attempt: nothing would ever end them.
SELECT id, action, status, of_workflow FROM execution
WHERE status NOT IN ('succeeded', 'failed', 'timeout', 'abandoned', 'canceled') AND workflow IS NULL
    AND NOT EXISTS (SELECT 1 FROM attempt WHERE attempt.execution = execution.id)
    AND (of_workflow IS NULL OR of_workflow NOT IN (SELECT workflow FROM purged));

-- name: ownerless_trees
-- Trees that name no process, and in which something would move.
SELECT workflow.execution, workflow.status FROM workflow
WHERE workflow.id = workflow.root AND workflow.engine IS NULL AND workflow.status NOT IN ('paused')
    AND workflow.status NOT IN ('succeeded', 'failed', 'timeout', 'abandoned', 'canceled');
