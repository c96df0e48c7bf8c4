-- Unites the incoming runs with the stored ones: per track and value, intervals that share an instant become one.
-- Only runs that could be touched are looked at. What is read between the steps is small; each step is one statement.

-- step: spans
-- What the batch says about each track, and whether it reaches back into settled history.
CREATE OR REPLACE TEMP TABLE spans AS
SELECT
    incoming.track_id,
    min(incoming.first_us) AS low_us,
    max(incoming.last_us) AS high_us,
    coalesce(min(incoming.first_us) <= any_value(latest.settled_until_us), false) AS deep
FROM incoming_runs AS incoming
LEFT JOIN raw.latest_runs AS latest ON latest.track_id = incoming.track_id
GROUP BY incoming.track_id

-- step: known
-- Stored runs that the batch could touch; the latest of every track in any case.
CREATE OR REPLACE TEMP TABLE known AS
SELECT latest.track_id, first_us, last_us, value, read_s, assumed, true AS latest
FROM raw.latest_runs AS latest
JOIN spans ON spans.track_id = latest.track_id
UNION ALL
SELECT settled.track_id, first_us, last_us, value, read_s, assumed, false AS latest
FROM raw.settled_runs AS settled
JOIN spans ON spans.track_id = settled.track_id
WHERE
    spans.deep
    AND settled.last_us >= spans.low_us
    AND settled.first_us <= spans.high_us
    AND settled.last_us >= $deep_low_us -- for the row groups' bounds
    AND settled.first_us <= $deep_high_us

-- step: united
CREATE OR REPLACE TEMP TABLE united AS
WITH both_sides AS (
    -- UNION, not UNION ALL: of two equal rows the two windows below could take either one first
    SELECT track_id, first_us, last_us, value, read_s, assumed FROM known
    UNION
    SELECT track_id, first_us, last_us, value, read_s, assumed FROM incoming_runs
),
marked AS (
    SELECT
        *,
        coalesce(
            first_us > max(last_us) OVER (
                PARTITION BY track_id, value
                ORDER BY first_us, assumed, read_s, last_us
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ),
            true
        ) AS starts
    FROM both_sides
),
numbered AS (
    SELECT
        *,
        count_if(starts) OVER (
            PARTITION BY track_id, value
            ORDER BY first_us, assumed, read_s, last_us
            ROWS UNBOUNDED PRECEDING
        ) AS island
    FROM marked
),
islands AS (
    SELECT
        track_id,
        min(first_us) AS first_us,
        max(last_us) AS last_us,
        value,
        any_value(read_s) FILTER (starts) AS read_s,
        any_value(assumed) FILTER (starts) AS assumed
    FROM numbered
    GROUP BY track_id, value, island
),
newest AS (
    SELECT track_id, max(row(last_us, first_us, value)) AS newest
    FROM islands
    GROUP BY track_id
)
SELECT
    islands.*,
    row(last_us, first_us, value) = newest AS latest
FROM islands
JOIN newest ON newest.track_id = islands.track_id

-- step: moved
-- Rows that stood and stand no more (came = false), and rows that are new (came = true).
CREATE OR REPLACE TEMP TABLE moved AS
SELECT track_id, first_us, last_us, value, read_s, assumed, latest, false AS came
FROM known
ANTI JOIN united USING (track_id, first_us, last_us, value, read_s, assumed, latest)
UNION ALL
SELECT track_id, first_us, last_us, value, read_s, assumed, latest, true AS came
FROM united
ANTI JOIN known USING (track_id, first_us, last_us, value, read_s, assumed, latest)

-- step: counts
SELECT
    count(*) FILTER (came) AS came,
    count(*) FILTER (came AND latest) AS came_latest,
    count(*) FILTER (came AND NOT latest) AS came_settled,
    count(*) FILTER (NOT came AND NOT latest) AS gone_settled
FROM moved

-- step: forget
DELETE FROM raw.settled_runs AS settled
USING moved
WHERE
    NOT moved.came
    AND NOT moved.latest
    AND settled.track_id = moved.track_id
    AND settled.first_us = moved.first_us
    AND settled.last_us = moved.last_us
    AND settled.value = moved.value
    AND settled.last_us >= $deep_low_us
    AND settled.first_us <= $deep_high_us

-- step: settle
INSERT INTO raw.settled_runs (track_id, first_us, last_us, value, read_s, assumed)
SELECT track_id, first_us, last_us, value, read_s, assumed
FROM moved
WHERE came AND NOT latest
ORDER BY last_us, track_id

-- step: settled_until
-- A settled run that was swallowed leaves the mark too late: that costs a look into history, never a figure.
CREATE OR REPLACE TEMP TABLE settled_until AS
SELECT track_id, max(last_us) AS until_us
FROM moved
WHERE came AND NOT latest
GROUP BY track_id

-- step: extend
UPDATE raw.latest_runs AS stored
SET
    first_us = moved.first_us,
    last_us = moved.last_us,
    value = moved.value,
    read_s = moved.read_s,
    assumed = moved.assumed
FROM moved
WHERE moved.came AND moved.latest AND stored.track_id = moved.track_id

-- step: start
INSERT INTO raw.latest_runs (track_id, first_us, last_us, value, read_s, assumed, settled_until_us)
SELECT moved.track_id, first_us, last_us, value, read_s, assumed, NULL
FROM moved
WHERE moved.came AND moved.latest AND moved.track_id NOT IN (SELECT track_id FROM raw.latest_runs)

-- step: mark_settled
UPDATE raw.latest_runs AS stored
SET settled_until_us = greatest(coalesce(stored.settled_until_us, settled_until.until_us), settled_until.until_us)
FROM settled_until
WHERE stored.track_id = settled_until.track_id

-- step: touched
-- Where each track really changed: end points that came or went. A pure extension is the latest run growing at its
-- end, and nothing else. Where nothing went, all that came is the change.
CREATE OR REPLACE TEMP TABLE touched AS
WITH tracks AS (
    SELECT
        track_id,
        min(first_us) AS first_us,
        max(last_us) AS last_us,
        bool_and(came) AS only_came,
        count(*) = 2 AND bool_and(latest) AS grown
    FROM moved
    GROUP BY track_id
),
replaced AS (
    SELECT moved.*, tracks.grown
    FROM moved
    JOIN tracks ON tracks.track_id = moved.track_id
    WHERE NOT tracks.only_came
),
ends AS (
    SELECT track_id, first_us AS us, value, read_s, assumed, 'first' AS side, grown, came FROM replaced
    UNION ALL
    SELECT track_id, last_us AS us, value, NULL, NULL, 'last' AS side, grown, came FROM replaced
),
lone AS (
    SELECT track_id, us, side, bool_and(grown) AS grown
    FROM ends
    GROUP BY track_id, us, value, read_s, assumed, side
    HAVING count(DISTINCT came) = 1
)
SELECT track_id, first_us AS from_us, last_us AS to_us, false AS extended
FROM tracks
WHERE only_came
UNION ALL
SELECT track_id, min(us), max(us), bool_and(side = 'last' AND grown) AND count(*) = 2
FROM lone
GROUP BY track_id
