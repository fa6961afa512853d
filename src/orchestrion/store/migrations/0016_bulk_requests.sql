-- A bulk operation has the name of its request, and why it was ended before it was done.
ALTER TABLE bulk ADD COLUMN request_id TEXT;
ALTER TABLE bulk ADD COLUMN problem TEXT;
CREATE UNIQUE INDEX bulk_by_request ON bulk (request_id) WHERE request_id IS NOT NULL;
