-- view: Moves of a service between levels of service.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column service: Service.
-- column instance: Instance, where levels are per instance.
-- column from_level: Level before: full, degraded, limited, cache_only, unavailable or unknown.
-- column to_level: Level after, in the same words.
-- column occurred_at: When it happened: the midpoint of its bounds.
-- column occurred_earliest: No earlier than this.
-- column occurred_latest: No later than this.
-- column sources: Names of the sources that saw it.
-- column inferred: True where its place in the order was inferred.
-- column clock_skew: True where sources disagreed by less than the clock tolerance.
-- column assumed: True where the width of the bounds rests on an assumed scrape duration.
-- column experiment_id: Experiment in whose window it falls, if any.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    nullif(service, '') AS service,
    nullif(instance, '') AS instance,
    nullif(from_level, '') AS from_level,
    to_level,
    occurred_at,
    occurred_earliest,
    occurred_latest,
    sources,
    inferred,
    clock_skew,
    assumed,
    nullif(experiment_id, '') AS experiment_id,
    labels
FROM kept.service_level_changes
