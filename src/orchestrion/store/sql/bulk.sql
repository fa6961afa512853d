-- name: add_bulk!
-- A bulk operation.
INSERT INTO bulk (id, kind, choice, rate, reason, actor, created_at, request_id)
VALUES (:id, :kind, :choice, :rate, :reason, :actor, :created_at, :request_id);

-- name: bulk_of_request^
-- What was asked for under the name of a request.
SELECT * FROM bulk WHERE request_id = :request_id;

-- name: chosen_for_bulk
-- The executions that one would be for, as people start them, the oldest first; with each how many there are.
SELECT id, count(*) OVER () AS total FROM execution
WHERE top = 1
    AND (:statuses IS NULL OR status IN (SELECT value FROM json_each(:statuses)))
    AND (:action IS NULL OR action GLOB :action)
    AND (:user IS NULL OR user = :user)
    AND (:since IS NULL OR created_at >= :since)
ORDER BY id LIMIT :count;

-- name: add_bulk_parts!
-- The executions that it is for: chosen as `chosen_for_bulk` does.
INSERT INTO bulk_part (bulk, execution)
SELECT :bulk, id FROM execution
WHERE top = 1
    AND (:statuses IS NULL OR status IN (SELECT value FROM json_each(:statuses)))
    AND (:action IS NULL OR action GLOB :action)
    AND (:user IS NULL OR user = :user)
    AND (:since IS NULL OR created_at >= :since);

-- name: set_bulk_total!
-- How many these are.
UPDATE bulk SET total = (SELECT count(*) FROM bulk_part WHERE bulk = :id) WHERE id = :id;

-- name: bulk^
-- One bulk operation, with how many of its parts were done and refused.
SELECT bulk.*, (SELECT count(*) FROM bulk_part WHERE bulk = bulk.id AND outcome = 'done') AS done,
    (SELECT count(*) FROM bulk_part WHERE bulk = bulk.id AND outcome = 'refused') AS refused
FROM bulk WHERE id = :id;

-- name: newest_bulks
-- The newest bulk operations, each as `bulk` has it.
SELECT bulk.*, (SELECT count(*) FROM bulk_part WHERE bulk = bulk.id AND outcome = 'done') AS done,
    (SELECT count(*) FROM bulk_part WHERE bulk = bulk.id AND outcome = 'refused') AS refused
FROM bulk ORDER BY id DESC LIMIT :count;

-- name: bulk_problems
-- Why parts of it were refused, the oldest executions first.
SELECT execution, problem FROM bulk_part WHERE bulk = :id AND outcome = 'refused' ORDER BY execution LIMIT :count;

-- name: open_bulks
-- The bulk operations that have not ended, oldest first.
SELECT id, kind, rate, reason, actor, worker FROM bulk WHERE ended_at IS NULL ORDER BY id;

-- name: bulk_parts_left
-- Some of the parts whose turn has not come, oldest executions first.
SELECT execution FROM bulk_part WHERE bulk = :id AND outcome IS NULL ORDER BY execution LIMIT :count;

-- name: take_bulk!
-- A process does it from now on.
UPDATE bulk SET worker = :worker WHERE id = :id;

-- name: end_bulk_part!
-- What has come of a part.
UPDATE bulk_part SET outcome = :outcome, problem = :problem WHERE bulk = :bulk AND execution = :execution;

-- name: end_bulk!
-- It has ended: all parts were done or refused, it was canceled, or there was a problem.
UPDATE bulk SET ended_at = :at, is_canceled = :is_canceled, problem = :problem WHERE id = :id AND ended_at IS NULL;
