-- Who started an execution, and whether people see it in lists: one that no workflow has started, or the only action of a
-- workflow execution that `wraps` it, because an action was run by itself; its execution is seen in the place of the other.
ALTER TABLE execution ADD COLUMN user TEXT;
ALTER TABLE execution ADD COLUMN top INTEGER NOT NULL DEFAULT 0;
ALTER TABLE workflow ADD COLUMN wraps INTEGER NOT NULL DEFAULT 0;
UPDATE execution SET top = 1 WHERE parent IS NULL;
UPDATE execution SET user = (
    SELECT actor FROM operation WHERE operation.execution = execution.id AND operation.kind IN ('start', 're-run')
    ORDER BY operation.id LIMIT 1
) WHERE top = 1;
CREATE INDEX execution_top ON execution (id) WHERE top = 1;
