-- Every key leads with the directory's number. Times are microseconds since 1970. Wide ids are 16 bytes, the highest
-- first, so that they sort as numbers; an id of 64 bits has its upper bit turned, which does the same for a signed
-- number. Unique is here what every contract wants so; what is for a contract to say is not said here. No foreign keys: what must hold between rows is planned in lockstep-core and
-- checked by `verify`.

CREATE TABLE organizations (
    id          BLOB NOT NULL PRIMARY KEY,
    name        TEXT NOT NULL,
    external_id TEXT,
    metadata    TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX organizations_external_id ON organizations (external_id) WHERE external_id IS NOT NULL;

CREATE TABLE api_keys (
    digest     BLOB NOT NULL PRIMARY KEY,
    id         BLOB NOT NULL,
    -- The organizations within reach as a JSON array of hexadecimal ids; null: all.
    reach      TEXT,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX api_keys_id ON api_keys (id);

-- With the head of each one's log. A row is never deleted: its log stays, and its number stays taken.
CREATE TABLE directories (
    number         INTEGER NOT NULL PRIMARY KEY,
    local          INTEGER NOT NULL,
    organization   BLOB NOT NULL,
    name           TEXT NOT NULL,
    name_key       TEXT NOT NULL,
    directory_type TEXT NOT NULL,
    contract       TEXT NOT NULL,
    state          TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    -- 1 once nothing is left of a deleted one but its log.
    cleared        INTEGER NOT NULL DEFAULT 0,
    last_seq       INTEGER NOT NULL DEFAULT 0,
    last_id        INTEGER NOT NULL DEFAULT 0,
    last_at        INTEGER NOT NULL DEFAULT 0,
    users_active   INTEGER NOT NULL DEFAULT 0,
    users_inactive INTEGER NOT NULL DEFAULT 0,
    groups         INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX directories_local ON directories (local) WHERE state <> 'deleting';
CREATE INDEX directories_organization ON directories (organization, local) WHERE state <> 'deleting';
CREATE INDEX directories_to_clear ON directories (number) WHERE state = 'deleting' AND cleared = 0;

CREATE TABLE tokens (
    digest     BLOB NOT NULL PRIMARY KEY,
    directory  INTEGER NOT NULL,
    id         BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX tokens_id ON tokens (directory, id);

CREATE TABLE users (
    directory        INTEGER NOT NULL,
    id               INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    modified_at      INTEGER NOT NULL,
    seq              INTEGER NOT NULL,
    user_name_key    TEXT NOT NULL,
    external_id      TEXT,
    display_name_key TEXT,
    doc              TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX users_id ON users (directory, id);
CREATE UNIQUE INDEX users_user_name ON users (directory, user_name_key);
CREATE INDEX users_external_id ON users (directory, external_id, id) WHERE external_id IS NOT NULL;
CREATE INDEX users_display_name ON users (directory, display_name_key, id) WHERE display_name_key IS NOT NULL;
CREATE INDEX users_modified ON users (directory, modified_at, id);

CREATE TABLE user_emails (
    directory INTEGER NOT NULL,
    email_key TEXT NOT NULL,
    user_id   INTEGER NOT NULL,
    PRIMARY KEY (directory, email_key, user_id)
) STRICT, WITHOUT ROWID;

-- Ended groups are gone for everyone; their rows stay until their memberships have been ended.
CREATE TABLE groups (
    directory    INTEGER NOT NULL,
    id           INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    modified_at  INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    doc_seq      INTEGER NOT NULL,
    -- The request that ended it.
    ended        BLOB,
    name_key     TEXT NOT NULL,
    external_id  TEXT,
    display_name TEXT NOT NULL,
    -- The groups that are members, as a JSON array of ids; null: none.
    nested       TEXT,
    doc          TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX groups_id ON groups (directory, id);
CREATE INDEX groups_external_id ON groups (directory, external_id, id)
    WHERE external_id IS NOT NULL AND ended IS NULL;
CREATE INDEX groups_name ON groups (directory, name_key, id) WHERE ended IS NULL;
CREATE INDEX groups_modified ON groups (directory, modified_at, id) WHERE ended IS NULL;
CREATE INDEX groups_ended ON groups (directory, id) WHERE ended IS NOT NULL;

-- groups.nested turned round, of groups that are not ended.
CREATE TABLE group_parents (
    directory INTEGER NOT NULL,
    child     INTEGER NOT NULL,
    parent    INTEGER NOT NULL,
    PRIMARY KEY (directory, child, parent)
) STRICT, WITHOUT ROWID;

CREATE TABLE memberships (
    directory INTEGER NOT NULL,
    group_id  INTEGER NOT NULL,
    user_id   INTEGER NOT NULL,
    PRIMARY KEY (directory, group_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX memberships_user ON memberships (directory, user_id, group_id);

-- The log. Rows are only ever appended: at the end of the table, whichever directory they belong to.
CREATE TABLE events (
    position  INTEGER NOT NULL PRIMARY KEY,
    directory INTEGER NOT NULL,
    seq       INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    kind      INTEGER NOT NULL,
    request   BLOB NOT NULL,
    user_id   INTEGER,
    group_id  INTEGER,
    user_seq  INTEGER,
    group_seq INTEGER,
    format    INTEGER NOT NULL,
    payload   TEXT
) STRICT;
CREATE UNIQUE INDEX events_seq ON events (directory, seq);
