-- When an attempt that has begun, or a workflow execution, must have ended: an inquiry by its time to live, everything by the
-- `timeout` of its task or workflow. Nothing while it is not counted: of a workflow that is paused.
ALTER TABLE attempt ADD COLUMN expires_at INTEGER;
ALTER TABLE workflow ADD COLUMN expires_at INTEGER;
DROP INDEX inquiry_due;
CREATE INDEX attempt_expiry ON attempt (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX attempt_expiry_of_tree ON attempt (root, expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX workflow_expiry ON workflow (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX workflow_expiry_of_tree ON workflow (root, expires_at) WHERE expires_at IS NOT NULL;

-- Until now an inquiry had its end in `due_at`, and 2 to the power of 62 there for none.
UPDATE attempt SET expires_at = due_at WHERE engine = 'inquiry' AND due_at < 4611686018427387904;
