-- Makes the rows of some scopes of a kept table equal to the incoming rows, touching only those that differ.

-- step: stage
CREATE OR REPLACE TEMP TABLE staged AS FROM kept.{table} LIMIT 0

-- step: fill
INSERT INTO staged BY NAME SELECT {columns} FROM incoming_rows

-- step: repeated
-- Whether a row is there several times, on either side; a mere likeness of two rows may be taken for that.
SELECT
    (
        SELECT count(*) <> count(DISTINCT hash({columns}))
        FROM kept.{table}
        WHERE row({scope}, true) IN (SELECT row({scope}, true) FROM incoming_scopes)
    )
    OR (SELECT count(*) <> count(DISTINCT hash({columns})) FROM staged)

-- step: difference
CREATE OR REPLACE TEMP TABLE difference AS
WITH stored AS (
    SELECT rowid AS place, row({columns}) AS content
    FROM kept.{table}
    WHERE row({scope}, true) IN (SELECT row({scope}, true) FROM incoming_scopes)
),
wanted AS (
    SELECT rowid AS place, row({columns}) AS content
    FROM staged
)
SELECT stored.place AS gone, wanted.place AS came
FROM stored
FULL JOIN wanted ON wanted.content = stored.content
WHERE stored.place IS NULL OR wanted.place IS NULL

-- step: difference_of_copies
-- The same where rows repeat: the copies are numbered. That costs several times as much, and is hardly ever needed.
CREATE OR REPLACE TEMP TABLE difference AS
WITH stored AS (
    SELECT rowid AS place, row({columns}) AS content, row_number() OVER (PARTITION BY row({columns})) AS copy
    FROM kept.{table}
    WHERE row({scope}, true) IN (SELECT row({scope}, true) FROM incoming_scopes)
),
wanted AS (
    SELECT rowid AS place, row({columns}) AS content, row_number() OVER (PARTITION BY row({columns})) AS copy
    FROM staged
)
SELECT stored.place AS gone, wanted.place AS came
FROM stored
FULL JOIN wanted ON wanted.content = stored.content AND wanted.copy = stored.copy
WHERE stored.place IS NULL OR wanted.place IS NULL

-- step: tombstones
INSERT INTO meta.tombstones (relation, row_id)
SELECT $relation, row_id
FROM kept.{table}
WHERE rowid IN (SELECT gone FROM difference)

-- step: changed_spans
INSERT INTO meta.changed_spans (relation, start_us, end_us)
SELECT $relation, min(us), max(us)
FROM (
    SELECT epoch_us({when}) AS us FROM kept.{table} WHERE rowid IN (SELECT gone FROM difference)
    UNION ALL
    SELECT epoch_us({when}) AS us FROM staged WHERE rowid IN (SELECT came FROM difference)
)
HAVING count(us) > 0

-- step: delete
DELETE FROM kept.{table} WHERE rowid IN (SELECT gone FROM difference)

-- step: insert
INSERT INTO kept.{table} BY NAME
SELECT {columns} FROM staged WHERE rowid IN (SELECT came FROM difference)
