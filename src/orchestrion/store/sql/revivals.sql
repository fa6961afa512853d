-- name: add_revival!
-- A sub-workflow is to go on with the next attempt of a task.
INSERT INTO revival (workflow, task, route, item, child, requests, actor)
VALUES (:workflow, :task, :route, :item, :child, :requests, :actor);

-- name: revival_of^
-- The sub-workflow that goes on with an attempt.
SELECT rowid, child, requests, actor FROM revival
WHERE workflow = :workflow AND task = :task AND route = :route AND item IS :item LIMIT 1;

-- name: delete_revival!
-- It goes on.
DELETE FROM revival WHERE rowid = :rowid;

-- name: count_revivals!
-- How many there are.
UPDATE workflow SET revivals = (SELECT count(*) FROM revival WHERE workflow = :workflow) WHERE id = :workflow;

-- name: revivals_of_workflow
-- The sub-workflows that are to go on and have not begun to.
SELECT rowid, task, route, item, child FROM revival WHERE workflow = :workflow ORDER BY rowid;

-- name: children_of_workflow
-- The sub-workflows of a workflow execution, those of later attempts first; also those that stand alone since, where they ran.
SELECT id, parent_entry, parent_item, parent_attempt FROM workflow WHERE root = :root AND parent = :workflow
UNION ALL
SELECT execution.workflow, execution.entry, execution.item, execution.attempt
FROM execution JOIN workflow ON workflow.id = execution.workflow
WHERE execution.of_workflow = :workflow AND workflow.parent IS NULL
ORDER BY parent_attempt DESC, id DESC;

-- name: alone_from_tree
-- The workflow executions that stand alone, and ran in a tree before.
SELECT DISTINCT workflow.id, workflow.execution, workflow.version, workflow.engine
FROM execution JOIN workflow ON workflow.id = execution.workflow
WHERE execution.of_workflow IN (SELECT id FROM workflow WHERE root = :root) AND workflow.parent IS NULL
ORDER BY workflow.id;
