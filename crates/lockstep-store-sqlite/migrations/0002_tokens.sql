-- What a bearer token may do, until when, and to whom it was issued.

ALTER TABLE tokens ADD COLUMN name TEXT;
-- What it may not do, as a JSON array of names.
ALTER TABLE tokens ADD COLUMN scopes TEXT NOT NULL DEFAULT '[]';
ALTER TABLE tokens ADD COLUMN expires_at INTEGER;
ALTER TABLE tokens ADD COLUMN last_used_at INTEGER;
-- The OAuth client that it was issued to; null: none.
ALTER TABLE tokens ADD COLUMN client BLOB;
CREATE INDEX tokens_client ON tokens (directory, client, id);
CREATE INDEX tokens_expiring ON tokens (expires_at) WHERE client IS NOT NULL;
