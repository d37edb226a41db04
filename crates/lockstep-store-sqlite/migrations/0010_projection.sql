-- What was made of a user for applications: the mapped attributes and the roles, as a JSON object; null: made before
-- anything could be mapped. It changes without the resource, so that when and with which event that changed stands apart;
-- null: with the last event about the user.
ALTER TABLE users ADD COLUMN projection TEXT;
ALTER TABLE users ADD COLUMN doc_seq INTEGER;
ALTER TABLE users ADD COLUMN updated_at INTEGER;

-- What was mapped for a directory, all in one document. Beside the directory's row, which every write moves.
CREATE TABLE directory_mappings (
    directory INTEGER NOT NULL PRIMARY KEY,
    mapping   TEXT NOT NULL
) STRICT;

-- Whether being in a group may give a role, so that only then the mapping is read.
ALTER TABLE directories ADD COLUMN maps_roles INTEGER NOT NULL DEFAULT 0;
-- With which version of what contracts map by themselves its users were made what they are.
ALTER TABLE directories ADD COLUMN standard_version INTEGER NOT NULL DEFAULT 0;
CREATE INDEX directories_standard ON directories (standard_version, number) WHERE state <> 'deleting';

-- What was mapped for all directories of an organization, and how far that has come: all of them have it where
-- `spread` is the version.
CREATE TABLE organization_mappings (
    organization BLOB NOT NULL PRIMARY KEY,
    mapping      TEXT NOT NULL,
    -- The request that changed it last.
    request      BLOB NOT NULL,
    version      INTEGER NOT NULL,
    spread       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX organization_mappings_to_spread ON organization_mappings (organization) WHERE spread < version;
