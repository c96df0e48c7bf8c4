-- What must be fused again: what the store marked, breakers whose rejections grew, and breakers near a change that may
-- have healed them.
WITH marked AS (
    SELECT DISTINCT domain, environment, service, name FROM raw.stale_subjects
),
rejecting AS (
    SELECT DISTINCT t.environment, t.service, t.breaker
    FROM raw.stale_counters AS s
    JOIN raw.tracks AS t USING (track_id)
    WHERE t.kind = 'requests' AND t.breaker <> '' AND t.detail['outcome'] = 'not_permitted'
),
near_change AS (
    SELECT DISTINCT e.environment, e.service, e.breaker
    FROM marked AS m
    JOIN kept.breaker_episodes AS e
        ON e.environment = m.environment AND (e.service = m.service OR e.breaker = m.service)
    WHERE m.domain = 'event'
)
SELECT domain, environment, service, name FROM marked WHERE domain <> 'event'
UNION
SELECT 'breaker', environment, service, breaker FROM rejecting
UNION
SELECT 'breaker', environment, service, breaker FROM near_change
ORDER BY ALL
