-- view: What each source saw of a breaker by itself, before the sightings were fused: the evidence behind the transitions.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column service: Service that owns the breaker.
-- column breaker: Name of the breaker.
-- column instance: Instance (process) the breaker lives in.
-- column source: Name of the source that saw it.
-- column from_state: State before, as this source tells it; NULL where it does not.
-- column to_state: State after.
-- column occurred_at: When it happened by this source alone: the midpoint of its bounds.
-- column occurred_earliest: No earlier than this, by this source alone.
-- column occurred_latest: No later than this, by this source alone; equal to the earliest where the source is exact (a log).
-- column inferred: True where several changes fell into one scrape and their order was inferred.
-- column assumed: True where the width of the bounds rests on an assumed scrape duration.
-- column position: Place in the sequence that this source saw of this instance, from 0.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    nullif(service, '') AS service,
    nullif(breaker, '') AS breaker,
    nullif(instance, '') AS instance,
    source,
    nullif(from_state, '') AS from_state,
    to_state,
    occurred_at,
    occurred_earliest,
    occurred_latest,
    inferred,
    assumed,
    position,
    labels
FROM kept.breaker_sightings
