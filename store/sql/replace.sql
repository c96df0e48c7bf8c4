-- Makes the rows of some scopes of a kept table equal to the incoming rows, touching only those that differ.

-- step: columns
SELECT * FROM kept.{table} LIMIT 0

-- step: scopes
SELECT DISTINCT {scope} FROM kept.{table}

-- step: stored
SELECT count(*)
FROM kept.{table}
WHERE row({scope}, true) IN (SELECT row({scope}, true) FROM incoming_scopes)

-- step: fill
INSERT INTO kept.{table} BY NAME SELECT {columns} FROM incoming_rows

-- step: filled_spans
INSERT INTO meta.changed_spans (relation, start_us, end_us)
SELECT $relation, min(epoch_us({when})), max(epoch_us({when}))
FROM incoming_rows
HAVING count({when}) > 0

-- step: difference
-- Rows that are there on one side only. A group with several on a side is not told apart here: see the next step.
CREATE OR REPLACE TEMP TABLE difference AS
WITH sides AS (
    SELECT rowid AS gone, NULL::BIGINT AS came, row({columns}) AS content
    FROM kept.{table}
    WHERE row({scope}, true) IN (SELECT row({scope}, true) FROM incoming_scopes)
    UNION ALL
    SELECT NULL, place, row({columns})
    FROM incoming_rows
)
SELECT max(gone) AS gone, max(came) AS came, greatest(count(gone), count(came)) AS copies
FROM sides
GROUP BY content
HAVING count(gone) <> count(came)

-- step: sides
SELECT count(gone) AS gone, count(came) AS came, coalesce(max(copies) > 1, false) AS repeated FROM difference

-- step: difference_of_copies
-- The same where rows repeat: the copies are numbered. That costs several times as much, and is hardly ever needed.
CREATE OR REPLACE TEMP TABLE difference AS
WITH stored AS (
    SELECT rowid AS place, row({columns}) AS content, row_number() OVER (PARTITION BY row({columns})) AS copy
    FROM kept.{table}
    WHERE row({scope}, true) IN (SELECT row({scope}, true) FROM incoming_scopes)
),
wanted AS (
    SELECT place, row({columns}) AS content, row_number() OVER (PARTITION BY row({columns})) AS copy
    FROM incoming_rows
)
SELECT stored.place AS gone, wanted.place AS came, 1 AS copies
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
    SELECT epoch_us({when}) AS us FROM incoming_rows WHERE place IN (SELECT came FROM difference)
)
HAVING count(us) > 0

-- step: delete
DELETE FROM kept.{table} WHERE rowid IN (SELECT gone FROM difference)

-- step: insert
INSERT INTO kept.{table} BY NAME
SELECT {columns} FROM incoming_rows WHERE place IN (SELECT came FROM difference)
