-- What an operator asks of a directory besides its contract: the names of the settings that are on, with a blank
-- between; and the version of its terms, which grows with them.
ALTER TABLE directories ADD COLUMN settings TEXT NOT NULL DEFAULT '';
ALTER TABLE directories ADD COLUMN terms_version INTEGER NOT NULL DEFAULT 0;
