-- view: Incidents of one breaker whose bounds overlap across instances; every count and mean is over episodes.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column episode_id: Number of the episode.
-- column service: Service that owns the breaker.
-- column breaker: Name of the breaker.
-- column opened_at: First opening.
-- column opened_earliest: The first opening was no earlier than this.
-- column opened_latest: The first opening was no later than this.
-- column closed_at: Last closing; NULL while ongoing.
-- column closed_earliest: The last closing was no earlier than this; NULL while ongoing.
-- column closed_latest: The last closing was no later than this; NULL while ongoing.
-- column duration_s: From first opening to last closing in seconds, midpoint of low and high; NULL while ongoing.
-- column duration_low_s: The shortest it can have been, in seconds; elapsed so far while ongoing.
-- column duration_high_s: The longest it can have been, in seconds; NULL is unbounded (ongoing).
-- column idle_open_s: Seconds past the open period in which no call was attempted, over all its instances at once.
-- column openings: Openings in it, reopenings included.
-- column promql_openings: What PromQL's increase() says of the same counters from a minute before to a minute after; NULL without a counter.
-- column instances_hit: Instances whose breaker opened.
-- column instances_seen: Instances of the breaker that were being watched.
-- column calls_rejected: Calls the breaker refused meanwhile; NULL where nobody counted.
-- column healed_by: self, restart, deploy, manual or unknown.
-- column status: resolved or ongoing.
-- column experiment_id: Experiment in whose window it falls, if any.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    episode_id,
    nullif(service, '') AS service,
    nullif(breaker, '') AS breaker,
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
    openings,
    promql_openings,
    instances_hit,
    instances_seen,
    calls_rejected,
    healed_by,
    status,
    nullif(experiment_id, '') AS experiment_id,
    labels
FROM kept.breaker_episodes
