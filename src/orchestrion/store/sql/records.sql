-- name: save_workflows*!
-- The heads of workflow executions in their new form.
UPDATE workflow SET status = ?, version = ?, held = ?, head = ?, expires_at = ? WHERE id = ?;

-- name: save_entries*!
-- Entries in their new form.
INSERT INTO entry (workflow, id, task, route, status, counts, record) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (workflow, id) DO UPDATE SET status = excluded.status, counts = excluded.counts, record = excluded.record;

-- name: save_items*!
-- Items in their new form.
INSERT INTO item (workflow, entry, idx, status, attempt, result, done) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (workflow, entry, idx) DO UPDATE
SET status = excluded.status, attempt = excluded.attempt, result = excluded.result, done = excluded.done;

-- name: save_rendered*!
-- The items of an entry as they were rendered.
INSERT INTO rendered (workflow, entry, actions) VALUES (?, ?, ?);

-- name: save_arrivals*!
-- New arrivals; they never change.
INSERT INTO arrival (workflow, id, source, edge, target, route, at, published) VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- name: save_routes*!
-- New routes; they never change.
INSERT INTO route (workflow, id, parent, edge) VALUES (?, ?, ?, ?);

-- name: save_staged*!
-- Staged tasks in their new form.
INSERT INTO staged (workflow, task, route, record) VALUES (?, ?, ?, ?)
ON CONFLICT (workflow, task, route) DO UPDATE SET record = excluded.record;

-- name: delete_staged*!
-- Staged tasks that became entries, or were taken away.
DELETE FROM staged WHERE workflow = ? AND task = ? AND route = ?;

-- name: save_failures*!
-- New entries of the errors list; a re-run that keeps failed items gives theirs to another entry.
INSERT INTO failure (workflow, id, entry, content) VALUES (?, ?, ?, ?)
ON CONFLICT (workflow, id) DO UPDATE SET entry = excluded.entry;

-- name: delete_failures*!
-- Errors that a re-run has withdrawn.
DELETE FROM failure WHERE workflow = ? AND id = ?;

-- name: save_initial*!
-- The initial context.
INSERT INTO initial (workflow, inputs, application) VALUES (?, ?, ?)
ON CONFLICT (workflow) DO UPDATE SET inputs = excluded.inputs, application = excluded.application;

-- name: save_history*!
-- Changes of statuses.
INSERT INTO history (workflow, event, position, at, cause, entry, item, status) VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- name: dropped_entries
-- The entries that re-runs have invalidated since an event.
SELECT entry FROM history
WHERE workflow = :workflow AND event > :since AND entry IS NOT NULL AND item IS NULL AND status IS NULL;

-- name: load_workflow^
-- One workflow execution, with what is secret in its tree.
SELECT id, execution, definition, root, parent, parent_entry, parent_item, parent_attempt, status, version, held, engine, packs,
    wraps, revivals, expires_at, head, (SELECT sealed FROM secret WHERE secret.root = workflow.root) AS secrets
FROM workflow WHERE id = :id;

-- name: load_workflows
-- Some workflow executions, with what is secret in their trees.
SELECT id, execution, definition, root, parent, parent_entry, parent_item, parent_attempt, status, version, held, engine, packs,
    wraps, revivals, head, (SELECT sealed FROM secret WHERE secret.root = workflow.root) AS secrets
FROM workflow WHERE id IN (SELECT value FROM json_each(:workflows));

-- name: load_entries
-- All entries of a workflow execution, by number.
SELECT id, task, route, status, counts, record FROM entry WHERE workflow = :workflow ORDER BY id;

-- name: load_items
-- All items of a workflow execution.
SELECT entry, idx, status, attempt, result, done FROM item WHERE workflow = :workflow ORDER BY entry, idx;

-- name: ends_of_items
-- The events that ended the items of a workflow execution.
SELECT entry, idx, done FROM item WHERE workflow = :workflow ORDER BY entry, idx;

-- name: load_rendered
-- All rendered items of a workflow execution.
SELECT entry, actions FROM rendered WHERE workflow = :workflow;

-- name: load_arrivals
-- All arrivals of a workflow execution, by number.
SELECT id, source, edge, target, route, at, published FROM arrival WHERE workflow = :workflow ORDER BY id;

-- name: load_routes
-- All routes but route 0, by number.
SELECT id, parent, edge FROM route WHERE workflow = :workflow ORDER BY id;

-- name: load_staged
-- All that is staged.
SELECT task, route, record FROM staged WHERE workflow = :workflow;

-- name: load_failures
-- The errors that count, oldest first.
SELECT id, entry, content FROM failure WHERE workflow = :workflow ORDER BY id;

-- name: load_initial^
-- The initial context.
SELECT inputs, application FROM initial WHERE workflow = :workflow;
