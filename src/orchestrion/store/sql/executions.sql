-- name: add_definition!
-- Keep a definition's text.
INSERT INTO definition (hash, text) VALUES (:hash, :text) ON CONFLICT (hash) DO NOTHING;

-- name: definition_text$
-- The text of a definition.
SELECT text FROM definition WHERE hash = :hash;

-- name: add_workflow!
-- A new workflow execution.
INSERT INTO workflow
    (id, execution, definition, root, parent, parent_entry, parent_item, parent_attempt, status, version, held, engine, packs,
     wraps, head)
VALUES
    (:id, :execution, :definition, :root, :parent, :parent_entry, :parent_item, :parent_attempt, 'requested', 0, 0, :engine,
     :packs, :wraps, '{}');

-- name: add_executions*!
-- New action executions.
INSERT INTO execution
    (id, action, runner, source, status, parameters, result, created_at, started_at, ended_at, workflow, parent, of_workflow,
     entry, item, attempt, task, route, rerun_of, user, top)
VALUES
    (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: save_executions*!
-- How executions stand: a time, a runner or a workflow execution that is known stays, a result is replaced by a newer one.
UPDATE execution
SET status = ?, result = coalesce(?, result), started_at = coalesce(started_at, ?), ended_at = coalesce(ended_at, ?),
    runner = coalesce(nullif(?, ''), runner), workflow = coalesce(?, workflow)
WHERE id = ?;

-- name: unstart_execution!
-- An attempt that was claimed has not begun after all.
UPDATE execution SET started_at = NULL WHERE id = :id;

-- name: seal_parameters*!
-- The parameters of executions, sealed: only now it is known that there is a secret in them.
UPDATE execution SET parameters = ? WHERE id = ?;

-- name: execution^
-- One execution, with what is secret in its tree.
SELECT execution.*, (
    SELECT sealed FROM secret WHERE root = (SELECT root FROM workflow WHERE id = coalesce(execution.workflow, execution.of_workflow))
) AS secrets
FROM execution WHERE id = :id;

-- name: executions
-- Executions as people start them, newest first, with the engine of their tree and what is secret in it.
SELECT execution.*, workflow.engine AS engine, workflow.status AS workflow_status, workflow.execution AS current,
    (SELECT sealed FROM secret WHERE secret.root = workflow.root) AS secrets
FROM execution LEFT JOIN workflow ON workflow.id = coalesce(execution.workflow, execution.of_workflow)
WHERE execution.top = 1
ORDER BY execution.id DESC LIMIT :count;

-- name: children
-- The attempts that an execution has started, oldest first.
SELECT * FROM execution WHERE parent = :parent ORDER BY id;

-- name: attempts_of_entries
-- All attempts of a workflow execution's entries, whichever execution started them, with what is secret in their tree.
SELECT execution.*, (
    SELECT sealed FROM secret WHERE root = (SELECT root FROM workflow WHERE id = execution.of_workflow)
) AS secrets
FROM execution WHERE of_workflow = :workflow ORDER BY id;

-- name: workflow_of_execution^
-- The workflow execution that an execution runs.
SELECT workflow.* FROM workflow JOIN execution ON execution.workflow = workflow.id WHERE execution.id = :id;

-- name: tree
-- All workflow executions of a tree, parents before children.
SELECT id, parent, parent_entry, execution, status FROM workflow WHERE root = :root ORDER BY id;

-- name: continue_workflow!
-- A re-run goes on with a workflow execution under a new execution, perhaps as another attempt of its parent's task.
UPDATE workflow
SET execution = :execution, parent_entry = :entry, parent_item = :item, parent_attempt = :number
WHERE id = :id;

-- name: place_workflow!
-- A workflow execution is this part of a parent, or of none.
UPDATE workflow SET parent = :parent, parent_entry = :entry, parent_item = :item, parent_attempt = :attempt WHERE id = :id;

-- name: place_in_parent^
-- What a workflow execution that stands alone was of its parent.
SELECT entry, item, attempt FROM execution WHERE of_workflow = :parent AND workflow = :workflow ORDER BY id DESC LIMIT 1;

-- name: move_to_root!
-- A workflow execution belongs to another tree now.
UPDATE workflow SET root = :root WHERE id = :id;

-- name: set_continued!
-- An execution is continued by another one.
UPDATE execution SET continued_by = :by, last_event = :last_event, entries = :entries WHERE id = :id;

-- name: newest_id$
-- The greatest id that was given.
SELECT max(id) FROM (
    SELECT max(id) AS id FROM execution UNION ALL SELECT max(id) FROM workflow UNION ALL SELECT max(id) FROM operation
);

-- name: set_engine!
-- A process is the engine of a tree.
UPDATE workflow SET engine = :engine WHERE id = :root;

-- name: add_operation!
-- What was asked, and what came of it.
INSERT INTO operation (id, execution, kind, request, actor, at, outcome, reason, request_id, answer)
VALUES (:id, :execution, :kind, :request, :actor, :at, :outcome, :reason, :request_id, :answer);

-- name: operation_of_request^
-- What was asked under the name of a request, and the answer.
SELECT * FROM operation WHERE request_id = :request_id;

-- name: workflows_of_entries
-- The sub-workflows among the attempts of a workflow execution's entries, with what is secret in their tree.
SELECT execution.*, (
    SELECT sealed FROM secret WHERE root = (SELECT root FROM workflow WHERE id = execution.of_workflow)
) AS secrets
FROM execution WHERE of_workflow = :workflow AND workflow IS NOT NULL ORDER BY id;

-- name: starters_of_entries
-- Which execution started the first attempt of each entry.
SELECT entry, parent, min(id) FROM execution WHERE of_workflow = :workflow GROUP BY entry;

-- name: executions_of_entry
-- When the attempts of an entry began and ended.
SELECT id, started_at, ended_at FROM execution WHERE of_workflow = :workflow AND entry = :entry ORDER BY id;
