-- OAuth clients: who may ask for tokens, or sends an issuer's own.

CREATE TABLE oauth_clients (
    id         BLOB NOT NULL PRIMARY KEY,
    directory  INTEGER NOT NULL,
    name       TEXT,
    -- How it proves who it is, as a JSON object: the digest of a secret, public keys, or whose tokens it sends.
    proof      TEXT NOT NULL,
    -- What it may not do, as a JSON array of names.
    scopes     TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX oauth_clients_directory ON oauth_clients (directory, id);

-- Assertions that were used, by their digests, until they have expired.
CREATE TABLE oauth_assertions (
    directory  INTEGER NOT NULL,
    client     BLOB NOT NULL,
    digest     BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (directory, client, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX oauth_assertions_expiring ON oauth_assertions (directory, client, expires_at);
