-- What an operator gave as the reason, and the name of the request: one that comes again gets the first answer.
ALTER TABLE operation ADD COLUMN reason TEXT;
ALTER TABLE operation ADD COLUMN request_id TEXT;
ALTER TABLE operation ADD COLUMN answer TEXT;
CREATE UNIQUE INDEX operation_by_request ON operation (request_id) WHERE request_id IS NOT NULL;

-- A sub-workflow that goes on with the next attempt of its parent's task, instead of a new one: a re-run inside of it.
-- `requests` are the tasks to re-run in it, `actor` is who asked. `workflow.revivals` counts them, so that nobody looks in vain.
CREATE TABLE revival (
    workflow TEXT NOT NULL,
    task TEXT NOT NULL,
    route INTEGER NOT NULL,
    item INTEGER,
    child TEXT NOT NULL,
    requests TEXT NOT NULL,
    actor TEXT NOT NULL
);
CREATE INDEX revival_by_task ON revival (workflow, task, route, item);
ALTER TABLE workflow ADD COLUMN revivals INTEGER NOT NULL DEFAULT 0;
