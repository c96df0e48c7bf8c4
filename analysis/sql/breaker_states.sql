-- The state of every breaker instance as last seen. A source that only speaks when something changes (a log) still bears
-- witness as far as it was read.
WITH gauges AS (
    SELECT
        t.environment, t.service, any_value(t.operation) AS operation, t.breaker, t.instance, t.labels,
        arg_max(r.value, r.last_us) AS value, max(r.last_us) AS last_us, list_sort(list(DISTINCT t.source)) AS sources
    FROM raw.tracks AS t
    JOIN raw.latest_runs AS r USING (track_id)
    WHERE t.kind IN ('breaker_state', 'transitions') AND t.breaker <> ''
        AND coalesce(t.detail['domain'], 'breaker') = 'breaker'
    GROUP BY t.environment, t.service, t.breaker, t.instance, t.labels
),
-- What a breaker that never moved is: as its gauge says, or closed where a count proves it (it served).
first_states AS (
    SELECT
        t.environment, t.service, t.breaker, t.instance, t.labels,
        coalesce(
            arg_max(r.value, r.last_us) FILTER (WHERE t.kind = 'breaker_state'),
            any_value(list_position($words, 'closed') - 1)
        ) AS value
    FROM raw.tracks AS t
    JOIN raw.latest_runs AS r USING (track_id)
    WHERE t.kind = 'breaker_state'
        OR (t.kind = 'transitions' AND t.detail['each'] = 'proof' AND t.detail['to_state'] = 'closed' AND r.value > 0)
    GROUP BY t.environment, t.service, t.breaker, t.instance, t.labels
),
logs AS (
    SELECT t.source, max(r.last_us) AS last_us
    FROM raw.tracks AS t
    JOIN raw.latest_runs AS r USING (track_id)
    WHERE t.kind = 'scrape' AND t.scrape_target = 'log:' || t.source
    GROUP BY t.source
),
moved AS (
    SELECT *
    FROM kept.breaker_transitions
    QUALIFY row_number() OVER (
        PARTITION BY environment, service, breaker, instance, labels ORDER BY position DESC
    ) = 1
),
log_witness AS (
    SELECT m.environment, m.service, m.breaker, m.instance, m.labels, max(l.last_us) AS last_us
    FROM (SELECT *, unnest(sources) AS one_source FROM moved) AS m
    JOIN logs AS l ON l.source = m.one_source
    GROUP BY ALL
)
SELECT
    coalesce(m.environment, g.environment) AS environment,
    coalesce(m.service, g.service) AS service,
    coalesce(m.operation, g.operation) AS operation,
    coalesce(m.breaker, g.breaker) AS breaker,
    coalesce(m.instance, g.instance) AS instance,
    coalesce(m.to_state, $words[f.value::INTEGER + 1]) AS state,
    epoch_us(m.occurred_at) AS since,
    epoch_us(m.occurred_earliest) AS since_earliest,
    epoch_us(m.occurred_latest) AS since_latest,
    greatest(g.last_us, w.last_us, epoch_us(m.occurred_latest)) AS as_of,
    list_sort(list_distinct(list_concat(coalesce(m.sources, []), coalesce(g.sources, [])))) AS sources,
    coalesce(m.labels, g.labels) AS labels
FROM moved AS m
FULL JOIN gauges AS g
    ON g.environment = m.environment AND g.service = m.service AND g.breaker = m.breaker
    AND g.instance = m.instance AND g.labels = m.labels
LEFT JOIN first_states AS f
    ON f.environment = g.environment AND f.service = g.service AND f.breaker = g.breaker
    AND f.instance = g.instance AND f.labels = g.labels
LEFT JOIN log_witness AS w
    ON w.environment = m.environment AND w.service = m.service AND w.breaker = m.breaker
    AND w.instance = m.instance AND w.labels = m.labels
WHERE coalesce(m.to_state, $words[f.value::INTEGER + 1]) IS NOT NULL
ORDER BY ALL
