-- name: newest_rows^
-- How far the tables reach from which changes are read. Their rows are numbered as they are committed.
SELECT coalesce((SELECT max(rowid) FROM execution), 0) AS executions, coalesce((SELECT max(rowid) FROM history), 0) AS history,
    coalesce((SELECT max(id) FROM output), 0) AS output;

-- name: places_of_executions
-- What tells whether rows are still those that were read.
SELECT rowid AS number, id AS name FROM execution WHERE rowid IN (SELECT value FROM json_each(:numbers));

-- name: places_of_history
-- The same of changes of statuses.
SELECT rowid AS number, workflow || '/' || event || '/' || position AS name FROM history
WHERE rowid IN (SELECT value FROM json_each(:numbers));

-- name: places_of_output
-- The same of output.
SELECT id AS number, execution || '/' || at AS name FROM output WHERE id IN (SELECT value FROM json_each(:numbers));

-- name: open_attempts
-- The attempts that have not ended, with what their executions show.
SELECT execution.id, execution.status, execution.of_workflow, execution.entry, execution.item
FROM attempt JOIN execution ON execution.id = attempt.execution;

-- name: executions_since
-- Executions that are new, in the order of their commits.
SELECT rowid AS number, id AS name, id FROM execution WHERE rowid > :after ORDER BY rowid LIMIT :count;

-- name: history_since
-- Changes of statuses in all workflow executions, in the order of their commits.
SELECT rowid AS number, workflow || '/' || event || '/' || position AS name, workflow, event, entry, item, status
FROM history WHERE rowid > :after ORDER BY rowid LIMIT :count;

-- name: output_since
-- What actions have written since, with what is secret in their trees. Nothing of what is purged.
SELECT output.id AS number, output.execution || '/' || output.at AS name, output.execution, output.stream, output.at, output.content,
    execution.action, execution.runner, workflow.root,
    (SELECT sealed FROM secret WHERE secret.root = workflow.root) AS secrets
FROM output LEFT JOIN execution ON execution.id = output.execution LEFT JOIN workflow ON workflow.id = output.workflow
WHERE output.id > :after ORDER BY output.id LIMIT :count;

-- name: executions_of_workflows
-- The executions that have run some workflow executions, each until its last event.
SELECT id, workflow, last_event FROM execution WHERE workflow IN (SELECT value FROM json_each(:workflows)) ORDER BY id;

-- name: changed_executions
-- Some executions without their values: with the root of their tree, who has started that, and whether they only wrap an action.
SELECT execution.id, execution.action, execution.runner, execution.status, execution.created_at, execution.started_at,
    execution.ended_at, execution.workflow, execution.parent, execution.of_workflow, execution.entry, execution.item,
    execution.attempt, execution.task, execution.route, execution.top, own.wraps, root.id AS root,
    coalesce(execution.user, whole.user) AS user
FROM execution
LEFT JOIN workflow AS own ON own.id = execution.workflow
LEFT JOIN workflow AS task ON task.id = execution.of_workflow
LEFT JOIN workflow AS root ON root.id = coalesce(own.root, task.root)
LEFT JOIN execution AS whole ON whole.id = root.execution
WHERE execution.id IN (SELECT value FROM json_each(:executions));

-- name: results_without_output
-- The results of those of some actions of which no output was stored while they ran, with what is secret in their trees.
SELECT execution.id, execution.result, (SELECT sealed FROM secret WHERE secret.root = workflow.root) AS secrets
FROM execution JOIN workflow ON workflow.id = execution.of_workflow
WHERE execution.id IN (SELECT value FROM json_each(:executions)) AND execution.result IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM output WHERE output.execution = execution.id);
