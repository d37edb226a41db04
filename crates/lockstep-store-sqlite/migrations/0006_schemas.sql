-- The schemas that a directory has of its own, all in one document: they are read and changed together. Beside the
-- directory's row, which every write moves.
CREATE TABLE directory_schemas (
    directory INTEGER NOT NULL PRIMARY KEY,
    schemas   TEXT NOT NULL
) STRICT;

-- What stored resources must still follow of a change of schemas, and how far that has come; null: nothing.
ALTER TABLE directories ADD COLUMN sweep TEXT;
CREATE INDEX directories_to_sweep ON directories (number) WHERE sweep IS NOT NULL AND state <> 'deleting';
