-- view: Every move of a circuit breaker from one state to another, fused from all sources that saw it.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column service: Service that owns the breaker.
-- column operation: Operation of the service that the breaker guards, where the source says so.
-- column breaker: Name of the breaker.
-- column instance: Instance (process) the breaker lives in.
-- column from_state: State before: closed, open, half_open, forced_open, disabled or metrics_only; NULL where it was not seen.
-- column to_state: State after, in the same words.
-- column occurred_at: When it happened: the midpoint of its bounds.
-- column occurred_earliest: No earlier than this.
-- column occurred_latest: No later than this.
-- column sources: Names of the sources that saw it.
-- column inferred: True where the order inside one scrape was lost and the order that the state machine allows was taken.
-- column clock_skew: True where two sources disagreed by less than the clock tolerance and were united all the same.
-- column assumed: True where the width of the bounds rests on an assumed, not a measured, scrape duration.
-- column transition_id: Number of the transition; the same however often and in whatever order data were collected.
-- column position: Place of the transition in the sequence of its breaker and instance, from 0.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    nullif(service, '') AS service,
    nullif(operation, '') AS operation,
    nullif(breaker, '') AS breaker,
    nullif(instance, '') AS instance,
    nullif(from_state, '') AS from_state,
    to_state,
    occurred_at,
    occurred_earliest,
    occurred_latest,
    sources,
    inferred,
    clock_skew,
    assumed,
    transition_id,
    position,
    labels
FROM kept.breaker_transitions
