-- The log by whose it is and by kind, so that no list of events walks over others.

-- Organizations as small numbers. A directory never changes hands, and a row is never removed.
CREATE TABLE event_owners (
    number       INTEGER NOT NULL PRIMARY KEY,
    organization BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_owners_organization ON event_owners (organization);
INSERT INTO event_owners (organization) SELECT DISTINCT organization FROM directories ORDER BY organization;

-- An index of `events` that leads with the organization. Checked by `verify`.
CREATE TABLE organization_events (
    owner    INTEGER NOT NULL,
    kind     INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (owner, kind, position)
) STRICT, WITHOUT ROWID;
INSERT INTO organization_events (owner, kind, position)
SELECT o.number, e.kind, e.position
FROM events AS e
CROSS JOIN directories AS d ON d.number = e.directory
CROSS JOIN event_owners AS o ON o.organization = d.organization
ORDER BY 1, 2, 3;

-- An entry ends with the position, which is the key of the table.
CREATE INDEX events_kind ON events (kind);

-- The earliest and the latest time of each run of positions that is full, and of each run of such runs: positions follow
-- times nearly, but not always. What was there before is counted when the database is opened. Checked by `verify`.
CREATE TABLE event_times (
    level  INTEGER NOT NULL,
    block  INTEGER NOT NULL,
    min_at INTEGER NOT NULL,
    max_at INTEGER NOT NULL,
    PRIMARY KEY (level, block)
) STRICT, WITHOUT ROWID;
