-- name: purgeable_trees
-- Trees of which nothing is left to do, and that ended before a time, oldest first. `bound` is the id of that time: what began
-- later has not ended before it.
SELECT workflow.id FROM workflow JOIN execution ON execution.id = workflow.execution
WHERE workflow.parent IS NULL AND workflow.id < :bound
    AND execution.status IN (SELECT value FROM json_each(:statuses)) AND execution.ended_at < :before
    AND workflow.id NOT IN (SELECT root FROM attempt)
ORDER BY workflow.id LIMIT :count;

-- name: purgeable_by_status
-- How many executions vanish from lists with such trees of each status, and when the first and the last of the trees ended.
SELECT execution.status, sum((
    SELECT count(*) FROM workflow AS part JOIN execution AS seen ON seen.workflow = part.id OR seen.of_workflow = part.id
    WHERE part.root = workflow.id AND seen.top = 1
)) AS number, min(execution.ended_at) AS oldest, max(execution.ended_at) AS newest
FROM workflow JOIN execution ON execution.id = workflow.execution
WHERE workflow.parent IS NULL AND workflow.id < :bound
    AND execution.status IN (SELECT value FROM json_each(:statuses)) AND execution.ended_at < :before
    AND workflow.id NOT IN (SELECT root FROM attempt)
GROUP BY execution.status ORDER BY execution.status;

-- name: seen_of_tree$
-- How many executions vanish from lists with a tree: one for each time that it was run, and the action that it wraps.
SELECT count(*) FROM workflow JOIN execution AS seen ON seen.workflow = workflow.id OR seen.of_workflow = workflow.id
WHERE workflow.root = :root AND seen.top = 1;

-- name: hide_workflows!
-- The workflow executions of a tree are purged from now on.
INSERT INTO purged (workflow) SELECT id FROM workflow WHERE root = :root;

-- name: hide_operations!
-- What was asked of its executions.
DELETE FROM operation
WHERE execution IN (SELECT id FROM execution WHERE workflow IN (SELECT id FROM workflow WHERE root = :root));

-- name: hide_pinned!
-- Which revisions of packs it used.
DELETE FROM pinned
WHERE execution IN (SELECT id FROM execution WHERE workflow IN (SELECT id FROM workflow WHERE root = :root));

-- name: hide_origins!
-- An attempt of another tree's task whose sub-workflow was re-run by its own id stays there, as an attempt.
UPDATE execution SET workflow = NULL
WHERE workflow IN (SELECT id FROM workflow WHERE root = :root)
    AND of_workflow IN (SELECT id FROM workflow WHERE root != :root);

-- name: hide_executions!
-- Its executions that run workflows: nobody finds the tree any more.
DELETE FROM execution WHERE workflow IN (SELECT id FROM workflow WHERE root = :root);

-- name: hide_secrets!
-- What was secret in it.
DELETE FROM secret WHERE root = :root;

-- name: hide_tree!
-- The tree itself.
DELETE FROM workflow WHERE root = :root;

-- name: next_purged$
-- A purged workflow execution whose rows are still to be deleted.
SELECT workflow FROM purged LIMIT 1;

-- name: purge_operations!
-- What was asked of the actions that `purge_executions` deletes next.
DELETE FROM operation WHERE execution IN (SELECT id FROM execution WHERE of_workflow = :workflow ORDER BY id LIMIT :count);

-- name: purge_executions!
-- Its actions.
DELETE FROM execution WHERE id IN (SELECT id FROM execution WHERE of_workflow = :workflow ORDER BY id LIMIT :count);

-- name: purge_output!
-- What they wrote.
DELETE FROM output WHERE id IN (SELECT id FROM output WHERE workflow = :workflow ORDER BY id LIMIT :count);

-- name: purge_history!
-- Its changes of statuses.
DELETE FROM history WHERE rowid IN (SELECT rowid FROM history WHERE workflow = :workflow LIMIT :count);

-- name: purge_entries!
-- Its task executions.
DELETE FROM entry WHERE rowid IN (SELECT rowid FROM entry WHERE workflow = :workflow LIMIT :count);

-- name: purge_items!
-- Their items.
DELETE FROM item WHERE rowid IN (SELECT rowid FROM item WHERE workflow = :workflow LIMIT :count);

-- name: purge_rendered!
-- The items as they were rendered.
DELETE FROM rendered WHERE rowid IN (SELECT rowid FROM rendered WHERE workflow = :workflow LIMIT :count);

-- name: purge_arrivals!
-- What its transitions sent.
DELETE FROM arrival WHERE rowid IN (SELECT rowid FROM arrival WHERE workflow = :workflow LIMIT :count);

-- name: purge_routes!
-- Its routes.
DELETE FROM route WHERE rowid IN (SELECT rowid FROM route WHERE workflow = :workflow LIMIT :count);

-- name: purge_staged!
-- What never started.
DELETE FROM staged WHERE rowid IN (SELECT rowid FROM staged WHERE workflow = :workflow LIMIT :count);

-- name: purge_failures!
-- Its errors.
DELETE FROM failure WHERE rowid IN (SELECT rowid FROM failure WHERE workflow = :workflow LIMIT :count);

-- name: purge_initial!
-- Its initial context.
DELETE FROM initial WHERE rowid IN (SELECT rowid FROM initial WHERE workflow = :workflow LIMIT :count);

-- name: purge_empties!
-- Ends that nobody delivers any more.
DELETE FROM empty WHERE id IN (SELECT id FROM empty WHERE workflow = :workflow LIMIT :count);

-- name: purge_revivals!
-- Sub-workflows that were to go on.
DELETE FROM revival WHERE rowid IN (SELECT rowid FROM revival WHERE workflow = :workflow LIMIT :count);

-- name: purge_workflow!
-- Nothing of it is left.
DELETE FROM purged WHERE workflow = :workflow;

-- name: purge_definitions!
-- The texts of definitions that nothing has run.
DELETE FROM definition WHERE NOT EXISTS (SELECT 1 FROM workflow WHERE workflow.definition = definition.hash);

-- name: purge_bulk_parts!
-- The parts of bulk operations that ended before a time.
DELETE FROM bulk_part WHERE rowid IN (
    SELECT bulk_part.rowid FROM bulk JOIN bulk_part ON bulk_part.bulk = bulk.id WHERE bulk.ended_at < :before LIMIT :count
);

-- name: purge_bulks!
-- These themselves.
DELETE FROM bulk WHERE ended_at < :before AND NOT EXISTS (SELECT 1 FROM bulk_part WHERE bulk_part.bulk = bulk.id);
