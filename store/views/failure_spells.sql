-- view: Failing calls of a service with no good answer between them, in minutes that hurt: too many calls failed in them.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column service: Service whose calls failed.
-- column operation: Operation whose calls failed; NULL for all of the service's.
-- column target: Target whose calls failed; NULL for all of the service's.
-- column failed_at: Start of the first failed call, midpoint of its bounds.
-- column failed_earliest: That call began no earlier.
-- column failed_latest: That call began no later.
-- column served_at: End of the first good answer after the last failed call, midpoint of its bounds; NULL while there is none.
-- column served_earliest: That answer came no earlier.
-- column served_latest: That answer came no later.
-- column last_failed_latest: The last failed call had ended by then.
-- column failed_requests: How many calls failed.
-- column requests: How many calls ended, those with a good answer included; more than failed only where counters hide the order.
-- column sources: Names of the sources that told of the calls.
-- column assumed: True where counters told it and no latency histogram says how long calls last: then 60 s at most is assumed.
-- column experiment_id: Experiment in whose window it falls, if any.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    nullif(service, '') AS service,
    nullif(operation, '') AS operation,
    nullif(target, '') AS target,
    failed_at,
    failed_earliest,
    failed_latest,
    served_at,
    served_earliest,
    served_latest,
    last_failed_latest,
    failed_requests,
    requests,
    sources,
    assumed,
    nullif(experiment_id, '') AS experiment_id,
    labels
FROM kept.failure_spells
