-- view: One opening of one breaker in one instance, from the edge into open to the next edge into closed.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column incident_id: Number of the incident.
-- column episode_id: Episode the incident belongs to.
-- column service: Service that owns the breaker.
-- column operation: Operation that the breaker guards, where known.
-- column breaker: Name of the breaker.
-- column instance: Instance the breaker lives in.
-- column opened_at: When it opened: the midpoint of its bounds.
-- column opened_earliest: It opened no earlier than this.
-- column opened_latest: It opened no later than this.
-- column closed_at: When it closed; NULL while ongoing.
-- column closed_earliest: It closed no earlier than this; NULL while ongoing.
-- column closed_latest: It closed no later than this; NULL while ongoing.
-- column duration_s: From opening to closing in seconds, midpoint of low and high; NULL while ongoing.
-- column duration_low_s: The shortest the incident can have been, in seconds; elapsed so far while ongoing.
-- column duration_high_s: The longest it can have been, in seconds; NULL is unbounded (ongoing).
-- column idle_open_s: Seconds past the open period in which no call was attempted: outside value and low, inside high.
-- column reopenings: How often it went back to open before it closed.
-- column status: resolved or ongoing.
-- column experiment_id: Experiment in whose window it falls, if any.
-- column opened_sources: Sources that saw the opening.
-- column closed_sources: Sources that saw the closing.
-- column opened_inferred: True where the opening's place in the order was inferred.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    incident_id,
    episode_id,
    nullif(service, '') AS service,
    nullif(operation, '') AS operation,
    nullif(breaker, '') AS breaker,
    nullif(instance, '') AS instance,
    opened_at,
    opened_earliest,
    opened_latest,
    closed_at,
    closed_earliest,
    closed_latest,
    duration_s,
    duration_low_s,
    duration_high_s,
    idle_open_s,
    reopenings,
    status,
    nullif(experiment_id, '') AS experiment_id,
    opened_sources,
    closed_sources,
    opened_inferred,
    labels
FROM kept.breaker_incidents
