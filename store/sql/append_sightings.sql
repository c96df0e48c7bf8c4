-- step: new
-- One line is one sighting however often it is read; its time is part of the line, so only that span is looked at.
CREATE OR REPLACE TEMP TABLE new_sightings AS
SELECT DISTINCT ON (sighting_id) *
FROM incoming_sightings
WHERE sighting_id NOT IN (
    SELECT sighting_id
    FROM raw.sightings
    WHERE occurred_us BETWEEN $low_us AND $high_us
)

-- step: insert
INSERT INTO raw.sightings BY NAME SELECT * FROM new_sightings ORDER BY occurred_us

-- step: subjects
INSERT INTO raw.stale_subjects (domain, environment, service, name)
WITH told AS (
    SELECT
        CASE kind
            WHEN 'breaker_transition' THEN 'breaker'
            WHEN 'health_change' THEN 'health'
            WHEN 'level_change' THEN 'level'
            ELSE 'event'
        END AS domain,
        environment,
        service,
        breaker,
        component
    FROM new_sightings
    WHERE kind NOT IN ('request', 'retry_attempt')
)
SELECT DISTINCT
    domain,
    environment,
    service,
    CASE domain WHEN 'breaker' THEN breaker WHEN 'health' THEN component ELSE '' END AS name
FROM told
EXCEPT
SELECT domain, environment, service, name FROM raw.stale_subjects

-- step: spans
-- Calls and attempts are many: when they happened is marked, so that only that span is counted anew.
INSERT INTO raw.stale_sightings (kind, environment, service, from_us, to_us)
SELECT kind, environment, service, min(occurred_us), max(occurred_us)
FROM new_sightings
WHERE kind IN ('request', 'retry_attempt')
GROUP BY kind, environment, service

-- step: told
INSERT INTO raw.told_subjects (source, environment, service, instance, labels)
SELECT source, environment, service, instance, labels FROM new_sightings
EXCEPT
SELECT source, environment, service, instance, labels FROM raw.told_subjects
