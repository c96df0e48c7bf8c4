-- What was seen of each service that a first objective could be about.

-- step: covered
-- Seconds in which any source saw any instance of the service.
WITH spells AS (
    SELECT
        service,
        started_at,
        ended_at,
        max(ended_at) OVER (
            PARTITION BY service
            ORDER BY started_at, ended_at
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS covered_until
    FROM coverage
    WHERE covered AND service IS NOT NULL
)

SELECT
    service,
    sum(greatest(0, epoch(ended_at) - epoch(greatest(started_at, coalesce(covered_until, started_at))))) AS covered_s
FROM spells
GROUP BY service

-- step: health
-- From each edge into down to the component's next edge into up; a component that is still down has no end.
WITH edges AS (
    SELECT
        service,
        to_state,
        occurred_at,
        occurred_earliest,
        occurred_latest,
        lead(to_state) OVER of_component AS next_state,
        lead(occurred_at) OVER of_component AS next_at,
        lead(occurred_earliest) OVER of_component AS next_earliest,
        lead(occurred_latest) OVER of_component AS next_latest,
        max(occurred_latest) OVER () AS seen_until
    FROM health_changes
    WHERE to_state IN ('up', 'down')
    WINDOW of_component AS (PARTITION BY environment, service, component, instance, labels ORDER BY occurred_at)
)

SELECT
    service,
    CASE WHEN next_state = 'up' THEN epoch(next_at) - epoch(occurred_at) END AS duration_s,
    greatest(0, epoch(coalesce(next_earliest, seen_until)) - epoch(occurred_latest)) AS duration_low_s,
    CASE WHEN next_state = 'up' THEN epoch(next_latest) - epoch(occurred_earliest) END AS duration_high_s
FROM edges
WHERE to_state = 'down' AND service IS NOT NULL

-- step: failovers
SELECT service, duration_s, duration_low_s, duration_high_s
FROM failovers
WHERE service IS NOT NULL AND duration_s IS NOT NULL

-- step: requests
-- The default reading of outcomes; the caller's own mistakes are left out.
SELECT
    service,
    sum(count) FILTER (WHERE outcome IN ('success', 'fallback', 'cache_hit', 'cache_stale')) AS good,
    sum(count) FILTER (WHERE outcome <> 'client_error') AS total
FROM request_counts
WHERE service IS NOT NULL
GROUP BY service

-- step: open_times
-- How long a breaker stayed open before it tried again: the least that any recovery takes.
WITH edges AS (
    SELECT
        service,
        breaker,
        to_state,
        occurred_at,
        occurred_latest,
        lead(occurred_at) OVER of_breaker AS next_at,
        lead(occurred_earliest) OVER of_breaker AS next_earliest
    FROM breaker_transitions
    WINDOW of_breaker AS (PARTITION BY environment, service, breaker, instance, labels ORDER BY occurred_at)
)

SELECT
    service,
    breaker,
    count(*) AS n,
    min(epoch(next_at) - epoch(occurred_at)) AS least_s,
    min(greatest(0, epoch(next_earliest) - epoch(occurred_latest))) AS least_low_s
FROM edges
WHERE to_state = 'open' AND next_at IS NOT NULL AND service IS NOT NULL
GROUP BY service, breaker
