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
