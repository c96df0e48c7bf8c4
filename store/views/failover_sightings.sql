-- view: Failovers as each source saw them by itself, before fusion.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column service: Service whose calls moved.
-- column operation: Operation whose calls moved.
-- column from_target: Target that failed.
-- column to_target: Target that answered instead.
-- column failed_earliest: Earliest start of the first call that the failed target did not answer well; NULL where the source cannot tell.
-- column failed_latest: Latest start of that call.
-- column served_earliest: Earliest end of the first good answer by the other target.
-- column served_latest: Latest end of that answer.
-- column trigger: What tripped it: health, breaker or error_share, or the word of the log line.
-- column source: Name of the source.
-- column seen_in: lines (a log line says so itself), calls (derived from calls told one by one) or counters (per target).
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    nullif(service, '') AS service,
    nullif(operation, '') AS operation,
    nullif(from_target, '') AS from_target,
    nullif(to_target, '') AS to_target,
    failed_earliest,
    failed_latest,
    served_earliest,
    served_latest,
    nullif(trigger, '') AS trigger,
    source,
    seen_in,
    labels
FROM kept.failover_sightings
