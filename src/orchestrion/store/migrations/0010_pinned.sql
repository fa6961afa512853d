-- The revision of a pack that an execution uses, from the commit on that first used it, with all that is below it. `revision` is
-- the name of a folder in FILE.packs/PACK, `home` the folder from which it was taken.
CREATE TABLE pinned (
    execution TEXT NOT NULL,    -- the execution at the top of the tree
    pack TEXT NOT NULL,
    revision TEXT NOT NULL,
    version TEXT NOT NULL,      -- what its pack.yaml says
    home TEXT NOT NULL,
    PRIMARY KEY (execution, pack)
);
