-- A process of an action, from its start until its end is recorded. It stays when its attempt is given up, so that somebody ends it,
-- even after another crash. No pid: it died before it could tell, and the process is found by its environment.
CREATE TABLE process (
    execution TEXT NOT NULL,
    engine TEXT NOT NULL,       -- the process of Orchestrion that started it
    pid INTEGER,
    mark TEXT,                  -- what makes the pid unique (actions/runners/processes.py)
    PRIMARY KEY (execution, engine)
);
ALTER TABLE attempt DROP COLUMN pid;
ALTER TABLE attempt DROP COLUMN mark;
-- Whether the attempt may be started again when the engine that runs it dies (`idempotent` of the action's metadata).
ALTER TABLE attempt ADD COLUMN repeatable INTEGER NOT NULL DEFAULT 0;

-- With-items entries without items, whose end is still to be delivered: one unit delivers only so many.
CREATE TABLE empty (
    id INTEGER PRIMARY KEY,
    workflow TEXT NOT NULL,
    entries TEXT NOT NULL       -- the numbers, as JSON
);
