-- How many users and how many groups (ended ones left out) stand in each run of ids: so the n-th of them is found
-- without walking over what lies before. A block reaches from its first id to the next block's; it is full at about 512.
-- Written in the transaction of the rows that it counts; checked by `verify`.
CREATE TABLE blocks (
    directory INTEGER NOT NULL,
    -- 0 users, 1 groups.
    kind      INTEGER NOT NULL,
    first_id  INTEGER NOT NULL,
    count     INTEGER NOT NULL,
    PRIMARY KEY (directory, kind, first_id)
) STRICT, WITHOUT ROWID;

INSERT INTO blocks (directory, kind, first_id, count)
SELECT directory, 0, min(id), count(*)
FROM (SELECT directory, id, (row_number() OVER (PARTITION BY directory ORDER BY id) - 1) / 512 AS block FROM users)
GROUP BY directory, block;

INSERT INTO blocks (directory, kind, first_id, count)
SELECT directory, 1, min(id), count(*)
FROM (SELECT directory, id, (row_number() OVER (PARTITION BY directory ORDER BY id) - 1) / 512 AS block
      FROM groups WHERE ended IS NULL)
GROUP BY directory, block;
