-- name: add_pinned!
-- An execution uses a revision of a pack from now on.
INSERT INTO pinned (execution, pack, revision, version, home) VALUES (:execution, :pack, :revision, :version, :home);

-- name: pinned^
-- The revision of a pack that an execution uses.
SELECT pack, revision, version, home FROM pinned WHERE execution = :execution AND pack = :pack;

-- name: pinned_above
-- All revisions that are used for an execution: those of the execution at the top.
WITH RECURSIVE above (id, parent) AS (
    SELECT id, parent FROM execution WHERE id = :execution
    UNION ALL SELECT execution.id, execution.parent FROM execution JOIN above ON execution.id = above.parent
)
SELECT pinned.* FROM pinned JOIN above ON above.id = pinned.execution ORDER BY pinned.pack;

-- name: tree_of_execution^
-- The execution at the top of an execution's tree now, and the folders of its packs.
SELECT root.execution, root.packs
FROM execution JOIN workflow ON workflow.id = coalesce(execution.workflow, execution.of_workflow)
JOIN workflow AS root ON root.id = workflow.root
WHERE execution.id = :id;

-- name: pinned_of_workflow
-- Those that the executions of a workflow execution use, or have used.
SELECT pinned.* FROM pinned JOIN execution ON execution.id = pinned.execution
WHERE execution.workflow = :workflow ORDER BY pinned.execution, pinned.pack;

-- name: used_revisions
-- All revisions that any execution uses.
SELECT DISTINCT pack, revision FROM pinned;

-- name: pinned_of_unfinished
-- Those that executions use which have not ended.
SELECT pinned.* FROM pinned JOIN execution ON execution.id = pinned.execution
JOIN workflow ON workflow.id = execution.workflow AND workflow.execution = execution.id
WHERE workflow.status NOT IN ('succeeded', 'failed', 'timeout', 'abandoned', 'canceled')
ORDER BY pinned.execution, pinned.pack;
