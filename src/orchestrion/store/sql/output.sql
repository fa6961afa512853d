-- name: add_output!
-- Something that an action has written, unless its attempt has ended or is somebody else's.
INSERT INTO output (execution, workflow, stream, at, content)
SELECT execution, workflow, :stream, :at, :content FROM attempt WHERE execution = :execution AND engine = :engine;

-- name: shorten_output!
-- Keep only the newest characters of what an action has written.
DELETE FROM output WHERE execution = :execution AND id <= (
    SELECT max(id) FROM (
        SELECT id, sum(length(content)) OVER (ORDER BY id DESC) AS total FROM output WHERE execution = :execution
    ) WHERE total > :kept
);

-- name: execution_is_secret$
-- Whether the tree of an action has secrets.
SELECT 1 FROM execution JOIN workflow ON workflow.id = execution.of_workflow JOIN secret ON secret.root = workflow.root
WHERE execution.id = :execution;

-- name: output_of_tree
-- What the actions of a tree have written since, in order.
SELECT output.id, output.execution, output.workflow, output.stream, output.content, execution.task, execution.route, execution.item
FROM output JOIN execution ON execution.id = output.execution
WHERE output.workflow IN (SELECT id FROM workflow WHERE root = :root) AND output.id > :after
ORDER BY output.id LIMIT :count;

-- name: output_of_execution
-- The same of one action.
SELECT output.id, output.execution, output.workflow, output.stream, output.content, execution.task, execution.route, execution.item
FROM output JOIN execution ON execution.id = output.execution
WHERE output.execution = :execution AND output.id > :after
ORDER BY output.id LIMIT :count;

-- name: ended_without_output
-- The actions of a tree that have ended and of which no output was stored while they ran, in the order of their ends.
SELECT execution.id, execution.of_workflow, execution.task, execution.route, execution.item
FROM execution
WHERE execution.of_workflow IN (SELECT id FROM workflow WHERE root = :root) AND execution.workflow IS NULL
    AND execution.status IN ('succeeded', 'failed', 'timeout', 'abandoned', 'canceled')
    AND NOT EXISTS (SELECT 1 FROM output WHERE output.execution = execution.id)
ORDER BY execution.ended_at, execution.id;

-- name: attempts_of_tree$
-- How many attempts of a tree have not ended.
SELECT count(*) FROM attempt WHERE root = :root;

-- name: output_of_workflow
-- What the actions of a workflow execution wrote while they ran, in pages.
SELECT id, execution, stream, at, content FROM output WHERE workflow = :workflow AND id > :after ORDER BY id LIMIT :count;
