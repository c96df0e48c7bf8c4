-- Writes what uniting a small batch came to (store/unite.py).

-- step: standing
-- What stands of the tracks of the batch: whether they are known, and their latest runs.
SELECT
    incoming.track_id,
    tracks.track_id IS NOT NULL AS known,
    latest.first_us,
    latest.last_us,
    latest.value,
    latest.read_s,
    latest.assumed,
    latest.settled_until_us
FROM incoming_track_ids AS incoming
LEFT JOIN raw.tracks AS tracks ON tracks.track_id = incoming.track_id
LEFT JOIN raw.latest_runs AS latest ON latest.track_id = incoming.track_id

-- step: settled
-- Settled runs of some tracks; the instants are for the row groups' bounds.
SELECT track_id, first_us, last_us, value, read_s, assumed
FROM raw.settled_runs
WHERE track_id IN (SELECT track_id FROM incoming_deep) AND last_us >= $low_us AND first_us <= $high_us

-- step: forget
DELETE FROM raw.settled_runs AS settled
USING incoming_forgotten AS gone
WHERE
    settled.track_id = gone.track_id
    AND settled.first_us = gone.first_us
    AND settled.last_us = gone.last_us
    AND settled.value = gone.value
    AND settled.last_us >= $low_us
    AND settled.first_us <= $high_us

-- step: settle
INSERT INTO raw.settled_runs (track_id, first_us, last_us, value, read_s, assumed)
SELECT track_id, first_us, last_us, value, read_s, assumed
FROM incoming_settled
ORDER BY last_us, track_id

-- step: extend
UPDATE raw.latest_runs AS stored
SET
    first_us = fresh.first_us,
    last_us = fresh.last_us,
    value = fresh.value,
    read_s = fresh.read_s,
    assumed = fresh.assumed,
    settled_until_us = fresh.settled_until_us
FROM incoming_extended AS fresh
WHERE stored.track_id = fresh.track_id

-- step: start
INSERT INTO raw.latest_runs BY NAME SELECT * FROM incoming_started

-- step: touched
CREATE OR REPLACE TEMP TABLE touched AS SELECT * FROM incoming_touched

-- step: stale
CREATE OR REPLACE TEMP TABLE stale AS SELECT * FROM incoming_stale

-- step: unmarked
SELECT count(*) FROM raw.stale_counters

-- step: mark_counters
INSERT INTO raw.stale_counters BY NAME SELECT * FROM incoming_stale

-- step: mark_subjects
INSERT INTO raw.stale_subjects BY NAME
SELECT domain, environment, service, name FROM incoming_subjects
EXCEPT
SELECT domain, environment, service, name FROM raw.stale_subjects
