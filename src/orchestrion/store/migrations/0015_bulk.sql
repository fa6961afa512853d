-- Bulk operations: one request for many executions, done one by one at a rate. `worker` is the process that does it.
CREATE TABLE bulk (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    choice TEXT NOT NULL,       -- which executions were chosen, as JSON
    rate REAL NOT NULL,         -- how many a second
    reason TEXT,
    actor TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at INTEGER,
    is_canceled INTEGER NOT NULL DEFAULT 0,
    total INTEGER NOT NULL DEFAULT 0,
    worker TEXT
);
CREATE INDEX bulk_open ON bulk (id) WHERE ended_at IS NULL;

-- One execution of a bulk operation: no outcome before it was its turn, then `done` or `refused`, and the reason.
CREATE TABLE bulk_part (
    bulk TEXT NOT NULL,
    execution TEXT NOT NULL,
    outcome TEXT,
    problem TEXT,
    PRIMARY KEY (bulk, execution)
);
CREATE INDEX bulk_part_left ON bulk_part (bulk, execution) WHERE outcome IS NULL;
