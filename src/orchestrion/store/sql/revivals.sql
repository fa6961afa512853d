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

-- name: delete_revivals!
-- What an earlier re-run has left.
DELETE FROM revival WHERE workflow = :workflow;

-- name: count_revivals!
-- How many there are.
UPDATE workflow SET revivals = (SELECT count(*) FROM revival WHERE workflow = :workflow) WHERE id = :workflow;

-- name: children_of_task
-- The sub-workflows of a task execution, the newest first.
SELECT id, parent_item, parent_attempt FROM workflow WHERE root = :root AND parent = :workflow AND parent_entry = :entry
ORDER BY parent_attempt DESC, id DESC;
