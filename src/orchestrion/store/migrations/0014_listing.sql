-- Who has started the execution at the top of an execution's tree.
CREATE VIEW started AS
SELECT execution.*, CASE WHEN top = 1 THEN user ELSE (
    WITH RECURSIVE up (parent, user, top) AS (
        SELECT one.parent, one.user, one.top FROM execution AS one WHERE one.id = execution.parent
        UNION ALL
        SELECT one.parent, one.user, one.top FROM up JOIN execution AS one ON one.id = up.parent WHERE up.top = 0
    )
    SELECT up.user FROM up WHERE up.top = 1
) END AS starter
FROM execution;

-- What lists choose executions by: those that people start (scope is empty), the tasks of one (scope is its id), and both (`*`).
-- The only execution that nobody sees is that of a workflow which wraps an action (0012): it has no parent, and is not at the top.
CREATE VIEW listed AS
SELECT '' AS scope, id, action, runner, status, created_at, ended_at, user FROM execution WHERE top = 1
UNION ALL
SELECT parent, id, action, runner, status, created_at, ended_at, user FROM execution WHERE parent IS NOT NULL AND top = 0
UNION ALL
SELECT '*', id, action, runner, status, created_at, ended_at, user FROM execution WHERE parent IS NOT NULL OR top = 1;

-- All that it chooses the executions by which people start, so that their values need not be read.
DROP INDEX execution_top;
CREATE INDEX execution_top ON execution (id, status, action, runner, created_at, ended_at, user, top) WHERE top = 1;
-- The statuses of workflow executions, among those of many tasks and items.
CREATE INDEX history_of_whole ON history (workflow, event, position, at, status, entry) WHERE entry IS NULL;
-- Those that nobody sees, so that all others can be counted.
CREATE INDEX execution_hidden ON execution (id, parent, top) WHERE parent IS NULL AND top = 0;
