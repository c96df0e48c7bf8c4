-- view: What told that something was wrong: a component's health going down, a breaker opening, a service level lowered.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column service: Service it was signalled of.
-- column kind: health, breaker or level.
-- column name: The component or the breaker; NULL for the service itself.
-- column instance: Instance that signalled.
-- column began_at: When it was signalled: the midpoint of its bounds.
-- column began_earliest: No earlier than this.
-- column began_latest: No later than this.
-- column ended_at: When it was over (up again, closed, another level); NULL while it goes on.
-- column ended_earliest: It was over no earlier than this.
-- column ended_latest: It was over no later than this.
-- column experiment_id: Experiment in whose window it began, if any.
-- column labels: Declared labels of the source (cluster, region), without environment.
WITH moves AS (
    SELECT
        *,
        to_state = 'down' AS is_down,
        lag(to_state = 'down') OVER (
            PARTITION BY environment, service, component, instance, labels ORDER BY occurred_at, occurred_latest
        ) AS was_down
    FROM kept.health_changes
    WHERE to_state IN ('up', 'up_no_lb', 'down')
),

turns AS (
    SELECT
        *,
        lead(occurred_at) OVER series AS up_at,
        lead(occurred_earliest) OVER series AS up_earliest,
        lead(occurred_latest) OVER series AS up_latest
    FROM moves
    WHERE is_down IS DISTINCT FROM was_down
    WINDOW series AS (
        PARTITION BY environment, service, component, instance, labels ORDER BY occurred_at, occurred_latest
    )
),

levels AS (
    SELECT
        *,
        list_position(['full', 'degraded', 'limited', 'cache_only', 'unavailable'], to_level) AS to_rank,
        coalesce(
            list_position(['full', 'degraded', 'limited', 'cache_only', 'unavailable'], from_level), 1
        ) AS from_rank,
        lead(occurred_at) OVER series AS next_at,
        lead(occurred_earliest) OVER series AS next_earliest,
        lead(occurred_latest) OVER series AS next_latest
    FROM kept.service_level_changes
    WINDOW series AS (PARTITION BY environment, service, instance, labels ORDER BY occurred_at, occurred_latest)
)

SELECT
    nullif(environment, '') AS environment,
    nullif(service, '') AS service,
    'health' AS kind,
    nullif(component, '') AS name,
    nullif(instance, '') AS instance,
    occurred_at AS began_at,
    occurred_earliest AS began_earliest,
    occurred_latest AS began_latest,
    up_at AS ended_at,
    up_earliest AS ended_earliest,
    up_latest AS ended_latest,
    nullif(experiment_id, '') AS experiment_id,
    labels
FROM turns
WHERE is_down
UNION ALL
SELECT
    nullif(environment, '') AS environment,
    nullif(service, '') AS service,
    'breaker' AS kind,
    nullif(breaker, '') AS name,
    nullif(instance, '') AS instance,
    opened_at AS began_at,
    opened_earliest AS began_earliest,
    opened_latest AS began_latest,
    closed_at AS ended_at,
    closed_earliest AS ended_earliest,
    closed_latest AS ended_latest,
    nullif(experiment_id, '') AS experiment_id,
    labels
FROM kept.breaker_incidents
UNION ALL
SELECT
    nullif(environment, '') AS environment,
    nullif(service, '') AS service,
    'level' AS kind,
    NULL AS name,
    nullif(instance, '') AS instance,
    occurred_at AS began_at,
    occurred_earliest AS began_earliest,
    occurred_latest AS began_latest,
    next_at AS ended_at,
    next_earliest AS ended_earliest,
    next_latest AS ended_latest,
    nullif(experiment_id, '') AS experiment_id,
    labels
FROM levels
WHERE to_rank > from_rank
