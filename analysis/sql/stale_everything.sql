-- Marks every subject: what is kept was computed by an older version of the analysis.
INSERT INTO raw.stale_subjects (domain, environment, service, name)
SELECT DISTINCT 'breaker', environment, service, breaker
FROM raw.tracks
WHERE breaker <> '' AND kind IN ('breaker_state', 'transitions')
UNION
SELECT DISTINCT 'health', environment, service, component
FROM raw.tracks
WHERE kind = 'health_state'
UNION
SELECT DISTINCT 'level', environment, service, ''
FROM raw.tracks
WHERE kind = 'level_state'
UNION
SELECT DISTINCT
    CASE kind
        WHEN 'breaker_transition' THEN 'breaker'
        WHEN 'health_change' THEN 'health'
        WHEN 'level_change' THEN 'level'
        ELSE 'event'
    END,
    environment,
    service,
    CASE kind WHEN 'breaker_transition' THEN breaker WHEN 'health_change' THEN component ELSE '' END
FROM raw.sightings
WHERE kind NOT IN ('request', 'retry_attempt')
UNION
SELECT DISTINCT 'import', '', '', kind
FROM raw.records
