-- name: listed_newest
-- The ids of the executions of a scope that are asked for, newest first. What is null is not asked for.
SELECT id FROM listed
WHERE scope = :scope
    AND (:statuses IS NULL OR status IN (SELECT value FROM json_each(:statuses)))
    AND (:action IS NULL OR action GLOB :action)
    AND (:user IS NULL OR :user = coalesce(user, (SELECT starter FROM started WHERE started.id = listed.id)))
    AND (:runner IS NULL OR runner = :runner)
    AND (:after IS NULL OR created_at > :after)
    AND (:before IS NULL OR created_at < :before)
    AND (:ids IS NULL OR id IN (SELECT value FROM json_each(:ids)))
ORDER BY id DESC LIMIT :count OFFSET :skip;

-- name: listed_oldest
-- The same, oldest first.
SELECT id FROM listed
WHERE scope = :scope
    AND (:statuses IS NULL OR status IN (SELECT value FROM json_each(:statuses)))
    AND (:action IS NULL OR action GLOB :action)
    AND (:user IS NULL OR :user = coalesce(user, (SELECT starter FROM started WHERE started.id = listed.id)))
    AND (:runner IS NULL OR runner = :runner)
    AND (:after IS NULL OR created_at > :after)
    AND (:before IS NULL OR created_at < :before)
    AND (:ids IS NULL OR id IN (SELECT value FROM json_each(:ids)))
ORDER BY id LIMIT :count OFFSET :skip;

-- name: listed_by
-- The same, by something else than their age; what has no value of it comes first, and last in the other direction.
SELECT id FROM (
    SELECT id, CASE :by WHEN 'status' THEN status WHEN 'action' THEN action
        WHEN 'user' THEN coalesce(user, (SELECT starter FROM started WHERE started.id = listed.id)) ELSE ended_at END AS key
    FROM listed
    WHERE scope = :scope
        AND (:statuses IS NULL OR status IN (SELECT value FROM json_each(:statuses)))
        AND (:action IS NULL OR action GLOB :action)
        AND (:user IS NULL OR :user = coalesce(user, (SELECT starter FROM started WHERE started.id = listed.id)))
        AND (:runner IS NULL OR runner = :runner)
        AND (:after IS NULL OR created_at > :after)
        AND (:before IS NULL OR created_at < :before)
        AND (:ids IS NULL OR id IN (SELECT value FROM json_each(:ids)))
)
ORDER BY CASE WHEN :descending THEN NULL ELSE key END, CASE WHEN :descending THEN key END DESC, id DESC
LIMIT :count OFFSET :skip;

-- name: listed_count$
-- How many there are.
SELECT count(*) FROM listed
WHERE scope = :scope
    AND (:statuses IS NULL OR status IN (SELECT value FROM json_each(:statuses)))
    AND (:action IS NULL OR action GLOB :action)
    AND (:user IS NULL OR :user = coalesce(user, (SELECT starter FROM started WHERE started.id = listed.id)))
    AND (:runner IS NULL OR runner = :runner)
    AND (:after IS NULL OR created_at > :after)
    AND (:before IS NULL OR created_at < :before)
    AND (:ids IS NULL OR id IN (SELECT value FROM json_each(:ids)));

-- name: newest_of_all
-- The ids of all executions that somebody sees, newest first: read only as far as they are asked for.
SELECT id FROM execution WHERE parent IS NOT NULL OR top = 1 ORDER BY id DESC LIMIT :count OFFSET :skip;

-- name: count_of_all$
-- How many there are.
SELECT (SELECT count(*) FROM execution) - (SELECT count(*) FROM execution WHERE parent IS NULL AND top = 0);

-- name: newest_tops
-- The ids of those that people start, newest first: likewise.
SELECT id FROM execution WHERE top = 1 ORDER BY id DESC LIMIT :count OFFSET :skip;

-- name: count_of_tops$
-- How many there are.
SELECT count(*) FROM execution WHERE top = 1;

-- name: summaries_among
-- What is told of some executions besides their values: with the action of the parent, the engine of the tree or attempt, what is
-- secret in the tree, and who has started the execution at its top. One that nobody sees is left out.
SELECT execution.id, execution.action, execution.runner, execution.source, execution.status, execution.created_at,
    execution.started_at, execution.ended_at, execution.workflow, execution.parent, execution.of_workflow, execution.entry,
    execution.item, execution.task, execution.route, execution.rerun_of, execution.continued_by, execution.top,
    above.action AS parent_action,
    CASE WHEN execution.workflow IS NULL AND execution.top = 0 THEN attempt.engine ELSE root.engine END AS engine,
    (SELECT sealed FROM secret WHERE secret.root = workflow.root) AS secrets,
    execution.starter AS user
FROM started AS execution
LEFT JOIN workflow ON workflow.id = coalesce(execution.workflow, execution.of_workflow)
LEFT JOIN workflow AS root ON root.id = workflow.root
LEFT JOIN execution AS above ON above.id = execution.parent
LEFT JOIN attempt ON attempt.execution = execution.id
WHERE execution.id IN (SELECT value FROM json_each(:executions)) AND (execution.parent IS NOT NULL OR execution.top = 1);

-- name: parameters_among
-- The parameters of some executions.
SELECT id, parameters FROM execution WHERE id IN (SELECT value FROM json_each(:executions));

-- name: results_among
-- The results of some executions.
SELECT id, result FROM execution WHERE id IN (SELECT value FROM json_each(:executions)) AND result IS NOT NULL;

-- name: children_among
-- The executions that some executions have started, oldest first.
SELECT id, parent FROM execution WHERE parent IN (SELECT value FROM json_each(:executions)) AND top = 0 ORDER BY id;

-- name: first_attempts_among
-- The first attempts of the task executions to which some executions belong.
SELECT execution.of_workflow, execution.entry, min(execution.id) AS id
FROM (
    SELECT DISTINCT of_workflow, entry FROM execution WHERE id IN (SELECT value FROM json_each(:executions))
) AS wanted JOIN execution ON execution.of_workflow = wanted.of_workflow AND execution.entry = wanted.entry
GROUP BY execution.of_workflow, execution.entry;

-- name: control_among
-- Who has paused, resumed and canceled some executions, in order.
SELECT execution, kind, actor FROM operation
WHERE execution IN (SELECT value FROM json_each(:executions)) AND kind IN ('pause', 'resume', 'cancel') ORDER BY id;

-- name: reruns_among
-- With what those of some executions were asked for that re-run another one from tasks. The operation is the other one's, or that of
-- the execution itself where it was refused.
SELECT execution.id, operation.request FROM execution
JOIN operation ON operation.execution IN (execution.rerun_of, execution.id)
WHERE execution.id IN (SELECT value FROM json_each(:executions))
    AND operation.kind = 're-run' AND operation.answer ->> '$[0]' = execution.id;

-- name: statuses_among
-- The statuses that some executions of workflows have had, in order: from where the one ended that each continues.
SELECT execution.id, history.at, history.status FROM execution JOIN history ON history.workflow = execution.workflow
WHERE execution.id IN (SELECT value FROM json_each(:executions)) AND history.entry IS NULL AND history.status IS NOT NULL
    AND +history.event > coalesce((SELECT last_event FROM execution AS one WHERE one.continued_by = execution.id
        AND one.workflow = execution.workflow), -1)
    AND +history.event <= coalesce(execution.last_event, history.event)
ORDER BY execution.id, history.event, history.position;

-- name: newest_top$
-- The newest execution that somebody has started.
SELECT max(id) FROM execution WHERE top = 1;

-- name: filter_values
-- The values that the executions which people start have of what lists can be chosen by.
SELECT 'action' AS name, action AS value FROM execution WHERE top = 1 GROUP BY action
UNION ALL SELECT 'status', status FROM execution WHERE top = 1 GROUP BY status
UNION ALL SELECT 'runner', runner FROM execution WHERE top = 1 AND runner != '' GROUP BY runner
UNION ALL SELECT 'user', user FROM execution WHERE top = 1 AND user IS NOT NULL GROUP BY user
ORDER BY 1, 2;
