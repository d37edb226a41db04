-- What applications ask of organizations, keys and requests.

-- Whether people of other domains are let in, and what a payment service calls it: kept for the application.
ALTER TABLE organizations ADD COLUMN allow_profiles_outside INTEGER NOT NULL DEFAULT 0;
ALTER TABLE organizations ADD COLUMN stripe_customer_id TEXT;
-- The request that deleted it; the row stays, so that no directory is ever made for it again.
ALTER TABLE organizations ADD COLUMN ended BLOB;
-- 1 once a deleted one has no directories any more.
ALTER TABLE organizations ADD COLUMN cleared INTEGER NOT NULL DEFAULT 0;
CREATE INDEX organizations_ending ON organizations (id) WHERE ended IS NOT NULL AND cleared = 0;

-- A domain is one organization's alone.
CREATE TABLE organization_domains (
    id           BLOB NOT NULL PRIMARY KEY,
    organization BLOB NOT NULL,
    name         TEXT NOT NULL,
    state        TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX organization_domains_name ON organization_domains (name);
CREATE INDEX organization_domains_organization ON organization_domains (organization, id);

ALTER TABLE api_keys ADD COLUMN name TEXT;
-- As much of the secret as may be shown.
ALTER TABLE api_keys ADD COLUMN shown TEXT NOT NULL DEFAULT '…';
ALTER TABLE api_keys ADD COLUMN read_only INTEGER NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN expires_at INTEGER;
ALTER TABLE api_keys ADD COLUMN last_used_at INTEGER;
-- The digests of keys that were removed: they are none again.
CREATE TABLE removed_api_keys (
    digest BLOB NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Requests that may come again, and what they were answered, sealed. The oldest stand first.
CREATE TABLE receipts (
    position    INTEGER NOT NULL PRIMARY KEY,
    caller      BLOB NOT NULL,
    digest      BLOB NOT NULL,
    fingerprint BLOB NOT NULL,
    answer      BLOB NOT NULL,
    at          INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX receipts_name ON receipts (caller, digest);
CREATE INDEX receipts_at ON receipts (at);
