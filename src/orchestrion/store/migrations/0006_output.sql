-- What an action writes while it runs, in pieces, in the order in which they came; the newest of them up to a limit. An action
-- that ends soon has none. `workflow` is that of its task.
CREATE TABLE output (
    id INTEGER PRIMARY KEY,
    execution TEXT NOT NULL,
    workflow TEXT NOT NULL,
    stream TEXT NOT NULL,       -- stdout or stderr
    at INTEGER NOT NULL,
    content TEXT NOT NULL
);
CREATE INDEX output_of_execution ON output (execution, id);
CREATE INDEX output_of_workflow ON output (workflow, id);

-- A workflow execution that is purged: nobody sees it any more, and its rows are still to be deleted, a bounded number at a time.
CREATE TABLE purged (
    workflow TEXT PRIMARY KEY
);
CREATE INDEX workflow_by_definition ON workflow (definition);
