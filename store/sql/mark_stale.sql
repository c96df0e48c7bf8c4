-- step: counters
-- An unchanged counter that is merely seen longer counts nothing; a gauge or a scrape seen longer is one more sample.
CREATE OR REPLACE TEMP TABLE stale AS
SELECT touched.track_id, touched.from_us, touched.to_us
FROM touched
JOIN raw.tracks AS tracks ON tracks.track_id = touched.track_id
WHERE
    tracks.kind IN ('queue', 'sessions', 'scrape')
    OR (tracks.kind IN ('requests', 'retries', 'latency', 'process_start') AND NOT touched.extended)

-- step: widen
UPDATE raw.stale_counters AS marked
SET from_us = least(marked.from_us, stale.from_us), to_us = greatest(marked.to_us, stale.to_us)
FROM stale
WHERE marked.track_id = stale.track_id

-- step: add
INSERT INTO raw.stale_counters (track_id, from_us, to_us)
SELECT track_id, from_us, to_us FROM stale WHERE track_id NOT IN (SELECT track_id FROM raw.stale_counters)

-- step: subjects
-- States seen longer in the same state change no figure. A restart or a new gap of a scrape target does: it decides
-- what may be hidden between two samples of everything that the scrape carried.
INSERT INTO raw.stale_subjects (domain, environment, service, name)
WITH changed AS (
    SELECT tracks.*
    FROM touched
    JOIN raw.tracks AS tracks ON tracks.track_id = touched.track_id
    -- Successes of a breaker that is known to be closed prove nothing new, and they come with every scrape.
    WHERE NOT touched.extended AND NOT (
        tracks.kind = 'transitions' AND tracks.detail['each'] = 'proof' AND tracks.detail['to_state'] = 'closed'
        AND (tracks.environment, tracks.service, tracks.breaker) IN (
            SELECT (environment, service, breaker)
            FROM kept.breaker_states
            GROUP BY environment, service, breaker
            HAVING bool_and(state = 'closed')
        )
    )
),
told AS (
    SELECT * FROM changed WHERE kind IN ('breaker_state', 'health_state', 'level_state', 'transitions')
    UNION ALL
    SELECT carried.*
    FROM raw.tracks AS carried
    JOIN (
        SELECT DISTINCT source, scrape_target
        FROM changed
        WHERE kind IN ('scrape', 'process_start') AND scrape_target <> ''
    ) AS scraped ON scraped.source = carried.source AND scraped.scrape_target = carried.scrape_target
    WHERE carried.kind IN ('breaker_state', 'health_state', 'level_state', 'transitions')
),
subjects AS (
    SELECT
        CASE
            WHEN kind = 'breaker_state' THEN 'breaker'
            WHEN kind = 'health_state' THEN 'health'
            WHEN kind = 'level_state' THEN 'level'
            ELSE coalesce(detail['domain'], 'breaker')
        END AS domain,
        environment,
        service,
        breaker,
        component
    FROM told
)
SELECT DISTINCT
    domain,
    environment,
    service,
    CASE domain WHEN 'breaker' THEN breaker WHEN 'health' THEN component ELSE '' END AS name
FROM subjects
EXCEPT
SELECT domain, environment, service, name FROM raw.stale_subjects
