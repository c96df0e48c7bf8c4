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

-- step: counters_marked
SELECT true FROM raw.stale_counters LIMIT 1

-- step: mark_counters
INSERT INTO raw.stale_counters (track_id, from_us, to_us)
SELECT unnest($track_ids), unnest($from_us), unnest($to_us)

-- step: widen_counters
UPDATE raw.stale_counters AS marked
SET from_us = least(marked.from_us, stale.from_us), to_us = greatest(marked.to_us, stale.to_us)
FROM (SELECT unnest($track_ids) AS track_id, unnest($from_us) AS from_us, unnest($to_us) AS to_us) AS stale
WHERE marked.track_id = stale.track_id

-- step: add_counters
INSERT INTO raw.stale_counters (track_id, from_us, to_us)
SELECT track_id, from_us, to_us
FROM (SELECT unnest($track_ids) AS track_id, unnest($from_us) AS from_us, unnest($to_us) AS to_us)
WHERE track_id NOT IN (SELECT track_id FROM raw.stale_counters)

-- step: subjects_marked
SELECT true FROM raw.stale_subjects LIMIT 1

-- step: mark_subjects
INSERT INTO raw.stale_subjects (domain, environment, service, name)
SELECT unnest($domains), unnest($environments), unnest($services), unnest($names)

-- step: add_subjects
INSERT INTO raw.stale_subjects (domain, environment, service, name)
SELECT unnest($domains), unnest($environments), unnest($services), unnest($names)
EXCEPT
SELECT domain, environment, service, name FROM raw.stale_subjects
