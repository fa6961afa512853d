-- name: chosen_executions
-- Executions as people start them, newest first, as in `executions`: of some statuses, of an action, since a time.
SELECT execution.*, workflow.engine AS engine, workflow.status AS workflow_status, workflow.execution AS current,
    (SELECT sealed FROM secret WHERE secret.root = workflow.root) AS secrets
FROM execution LEFT JOIN workflow ON workflow.id = coalesce(execution.workflow, execution.of_workflow)
WHERE execution.top = 1
    AND (:statuses IS NULL OR execution.status IN (SELECT value FROM json_each(:statuses)))
    AND (:action IS NULL OR execution.action GLOB :action)
    AND (:since IS NULL OR execution.created_at >= :since)
ORDER BY execution.id DESC LIMIT :count;

-- name: branches_of_tree
-- The workflow executions of a tree, parents before children, each with the task and item of its parent.
SELECT workflow.id, workflow.parent, workflow.parent_entry AS entry, workflow.parent_item AS item, workflow.execution,
    workflow.status, entry.task
FROM workflow LEFT JOIN entry ON entry.workflow = workflow.parent AND entry.id = workflow.parent_entry
WHERE workflow.root = :root ORDER BY workflow.id;

-- name: history_of_workflow
-- Every change of a status in a workflow execution, in order.
SELECT history.event, history.position, history.at, history.cause, history.entry, history.item, history.status, entry.task,
    entry.route
FROM history LEFT JOIN entry ON entry.workflow = history.workflow AND entry.id = history.entry
WHERE history.workflow = :workflow AND (history.event, history.position) > (:event, :position)
ORDER BY history.event, history.position LIMIT :count;

-- name: operations_of_workflow
-- What was asked of the executions of a workflow execution, and of the actions of its tasks, in order. A reason is sealed, if it is,
-- together with its request: nobody's own words count as sealed.
SELECT operation.*, execution.task, execution.route, execution.entry, execution.item, execution.workflow AS of_workflow,
    CASE WHEN substr(operation.request, 1, 4) = 'enc:' THEN operation.reason END AS sealed_reason
FROM execution JOIN operation ON operation.execution = execution.id
WHERE execution.workflow = :workflow OR (execution.of_workflow = :workflow AND execution.workflow IS NULL)
ORDER BY operation.id;

-- name: last_ran
-- When a workflow execution last came to be neither paused nor about to be.
SELECT at FROM history WHERE workflow = :workflow AND entry IS NULL AND status NOT IN ('pausing', 'paused')
ORDER BY event DESC, position DESC LIMIT 1;

-- name: unfinished_attempts_of_workflow
-- The attempts of a workflow execution that have not ended, with what their executions show.
SELECT attempt.*, execution.action, execution.status, execution.started_at, execution.parameters, execution.task, execution.route,
    execution.workflow AS child
FROM attempt JOIN execution ON execution.id = attempt.execution
WHERE attempt.workflow = :workflow ORDER BY attempt.execution;

-- name: empties_of_workflow
-- The with-items entries without items of a workflow execution whose end is to be delivered.
SELECT entries FROM empty WHERE workflow = :workflow ORDER BY id;

-- name: executions_of_branch
-- The executions of a workflow execution's tasks; those of the whole, too, if it is the `top`. In pages.
SELECT * FROM execution
WHERE (of_workflow = :workflow OR (:top = 1 AND workflow = :workflow)) AND id > :after
ORDER BY id LIMIT :count;

-- name: entries_of_workflow
-- Its task executions, in pages.
SELECT id, task, route, status, counts, record FROM entry WHERE workflow = :workflow AND id > :after ORDER BY id LIMIT :count;

-- name: items_of_workflow
-- Their items, in pages.
SELECT entry, idx, status, attempt FROM item WHERE workflow = :workflow AND (entry, idx) > (:entry, :item)
ORDER BY entry, idx LIMIT :count;

-- name: arrivals_of_workflow
-- What its transitions sent, in pages.
SELECT id, source, edge, target, route, published FROM arrival WHERE workflow = :workflow AND id > :after ORDER BY id LIMIT :count;

-- name: states_of_tree
-- How the workflow executions of a tree stand, parents before children.
SELECT id, execution, version, status, engine FROM workflow WHERE root = :root ORDER BY id;
