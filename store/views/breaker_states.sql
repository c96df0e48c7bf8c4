-- view: The state of every breaker as last seen.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column service: Service that owns the breaker.
-- column operation: Operation that the breaker guards, where known.
-- column breaker: Name of the breaker.
-- column instance: Instance the breaker lives in.
-- column state: closed, open, half_open, forced_open, disabled or metrics_only.
-- column since: In this state since (midpoint); NULL where the move into it was never seen.
-- column since_earliest: In this state no earlier than since then.
-- column since_latest: In this state no later than since then.
-- column as_of: Last instant at which a source showed this state.
-- column sources: Sources that show it.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    nullif(service, '') AS service,
    nullif(operation, '') AS operation,
    nullif(breaker, '') AS breaker,
    nullif(instance, '') AS instance,
    state,
    since,
    since_earliest,
    since_latest,
    as_of,
    sources,
    labels
FROM kept.breaker_states
