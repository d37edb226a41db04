-- In which header a directory's IdP may send its bearer token besides `Authorization`; that one where it has no other.
ALTER TABLE directories ADD COLUMN credential_header TEXT NOT NULL DEFAULT 'authorization';
