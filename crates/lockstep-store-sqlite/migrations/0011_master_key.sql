-- By which the master key is known that the secrets in this database are sealed with. One row, once a server has said so.
CREATE TABLE master_key (
    one  INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    mark BLOB NOT NULL
) STRICT;
