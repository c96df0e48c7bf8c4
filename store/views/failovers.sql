-- view: Moves of traffic from a failed target to another one.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column service: Service whose calls moved.
-- column operation: Operation whose calls moved.
-- column from_target: Target that failed.
-- column to_target: Target that answered instead.
-- column failed_at: Start of the first call that the failed target did not answer well.
-- column served_at: End of the first good answer by the other target.
-- column duration_s: Seconds between the two, midpoint of low and high.
-- column duration_low_s: The shortest it can have been, in seconds.
-- column duration_high_s: The longest it can have been, in seconds.
-- column trigger: What tripped it: health, breaker or error_share.
-- column sources: Names of the sources that saw it.
-- column experiment_id: Experiment in whose window it falls, if any.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    nullif(service, '') AS service,
    nullif(operation, '') AS operation,
    nullif(from_target, '') AS from_target,
    nullif(to_target, '') AS to_target,
    failed_at,
    served_at,
    duration_s,
    duration_low_s,
    duration_high_s,
    nullif(trigger, '') AS trigger,
    sources,
    nullif(experiment_id, '') AS experiment_id,
    labels
FROM kept.failovers
