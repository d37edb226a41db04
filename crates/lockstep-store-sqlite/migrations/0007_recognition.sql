-- How a directory came by its contract, and which other one is suggested; null: by whoever made it, and none.
ALTER TABLE directories ADD COLUMN recognition TEXT;
