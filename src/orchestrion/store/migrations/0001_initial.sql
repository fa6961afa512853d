-- The text of a workflow definition, once for each content.
CREATE TABLE definition (
    hash TEXT PRIMARY KEY,
    text TEXT NOT NULL
);

-- An action execution: what people see and name by its id. A run of a workflow, or one attempt of a task of it.
-- Times are microseconds since 1970, UTC. `parameters` and `result` are JSON.
CREATE TABLE execution (
    id TEXT PRIMARY KEY,
    action TEXT NOT NULL,
    runner TEXT NOT NULL,
    source TEXT,                -- the file of a bare workflow, which no pack registers
    status TEXT NOT NULL,
    parameters TEXT NOT NULL,
    result TEXT,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    workflow TEXT,              -- the workflow execution that it runs, if its action is a workflow
    parent TEXT,                -- the execution whose workflow started it
    of_workflow TEXT,           -- the workflow execution whose task it is an attempt of, and of which entry and item
    entry INTEGER,
    item INTEGER,
    attempt INTEGER,
    task TEXT,
    route INTEGER,
    rerun_of TEXT,              -- the execution that it re-runs
    continued_by TEXT           -- the execution that goes on with its workflow execution (a re-run from tasks)
);
CREATE INDEX execution_by_parent ON execution (parent, id);
CREATE INDEX execution_by_task ON execution (of_workflow, entry) WHERE of_workflow IS NOT NULL;

-- A workflow execution: the head of the conductor's state. `version` is its event number, `held` says that no attempt of
-- it may be claimed, `engine` is the process that does the work of the tree (kept in the root's row only).
CREATE TABLE workflow (
    id TEXT PRIMARY KEY,
    execution TEXT NOT NULL,
    definition TEXT NOT NULL,
    root TEXT NOT NULL,
    parent TEXT,
    parent_entry INTEGER,
    parent_item INTEGER,
    parent_attempt INTEGER,
    status TEXT NOT NULL,
    version INTEGER NOT NULL,
    held INTEGER NOT NULL,
    engine TEXT,
    packs TEXT NOT NULL,        -- the folders in which the tree finds its actions, as JSON (kept in the root's row)
    head TEXT NOT NULL
);
CREATE INDEX workflow_by_root ON workflow (root, id);

-- The records of the conductor's state (core/records.py), one row each; `record` holds the fields that no query needs.
CREATE TABLE entry (
    workflow TEXT NOT NULL,
    id INTEGER NOT NULL,
    task TEXT NOT NULL,
    route INTEGER NOT NULL,
    status TEXT NOT NULL,
    counts INTEGER NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (workflow, id)
);
CREATE TABLE item (
    workflow TEXT NOT NULL,
    entry INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    status TEXT,
    attempt INTEGER NOT NULL,
    result TEXT,
    done INTEGER,
    PRIMARY KEY (workflow, entry, idx)
);
CREATE TABLE rendered (
    workflow TEXT NOT NULL,
    entry INTEGER NOT NULL,
    actions TEXT NOT NULL,
    PRIMARY KEY (workflow, entry)
);
CREATE TABLE arrival (
    workflow TEXT NOT NULL,
    id INTEGER NOT NULL,
    source INTEGER NOT NULL,
    edge TEXT NOT NULL,
    target TEXT NOT NULL,
    route INTEGER NOT NULL,
    at INTEGER NOT NULL,
    published TEXT,
    PRIMARY KEY (workflow, id)
);
CREATE TABLE route (
    workflow TEXT NOT NULL,
    id INTEGER NOT NULL,
    parent INTEGER NOT NULL,
    edge TEXT NOT NULL,
    PRIMARY KEY (workflow, id)
);
CREATE TABLE staged (
    workflow TEXT NOT NULL,
    task TEXT NOT NULL,
    route INTEGER NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (workflow, task, route)
);
CREATE TABLE failure (
    workflow TEXT NOT NULL,
    id INTEGER NOT NULL,
    entry INTEGER,
    content TEXT NOT NULL,
    PRIMARY KEY (workflow, id)
);
CREATE TABLE initial (
    workflow TEXT PRIMARY KEY,
    inputs TEXT NOT NULL,
    application TEXT NOT NULL
);

-- The queue: an attempt that waits (engine is null) or is at work; deleted at its end. The key is the id of its execution,
-- (workflow, entry, item, number) is its fencing token.
CREATE TABLE attempt (
    execution TEXT PRIMARY KEY,
    workflow TEXT NOT NULL,
    root TEXT NOT NULL,
    entry INTEGER NOT NULL,
    item INTEGER,
    number INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    engine TEXT,
    pid INTEGER,
    mark TEXT                   -- what makes the pid unique (actions/runners/processes.py)
);
CREATE INDEX attempt_to_claim ON attempt (root, due_at) WHERE engine IS NULL;
CREATE INDEX attempt_of_engine ON attempt (engine) WHERE engine IS NOT NULL;
CREATE INDEX attempt_of_workflow ON attempt (workflow, entry);

-- Who asked what of which execution, when, why, and what came of it.
CREATE TABLE operation (
    id TEXT PRIMARY KEY,
    execution TEXT NOT NULL,
    kind TEXT NOT NULL,
    request TEXT NOT NULL,
    actor TEXT NOT NULL,
    at INTEGER NOT NULL,
    outcome TEXT NOT NULL
);
CREATE INDEX operation_by_execution ON operation (execution, id);

-- Every change of a status, in the order of one workflow execution (`event` counts), with its cause. No entry: the workflow's own.
-- An entry without item and status: a re-run has invalidated it.
CREATE TABLE history (
    workflow TEXT NOT NULL,
    event INTEGER NOT NULL,
    position INTEGER NOT NULL,
    at INTEGER NOT NULL,
    cause TEXT NOT NULL,
    entry INTEGER,
    item INTEGER,
    status TEXT,
    PRIMARY KEY (workflow, event, position)
);
