-- view: Requests by time bucket and upper bound of their duration (cumulative).
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column service: Service that measured.
-- column operation: Operation that was requested.
-- column target: Target that answered.
-- column instance: Instance that measured.
-- column bucket_start: Start of the time bucket.
-- column bucket_s: Length of the time bucket in seconds.
-- column upper_bound_s: Requests that took at most this many seconds; infinity counts all.
-- column count: How many.
-- column breaker: Breaker that the calls went through, if any.
-- column counted_by: metrics, or logs: and the profile (or source) whose lines told the calls one by one.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    nullif(service, '') AS service,
    nullif(operation, '') AS operation,
    nullif(target, '') AS target,
    nullif(instance, '') AS instance,
    bucket_start,
    bucket_s,
    upper_bound_s,
    count,
    nullif(breaker, '') AS breaker,
    counted_by,
    labels
FROM kept.latency_histograms AS counts
ANTI JOIN (
    SELECT * FROM kept.count_witnesses WHERE relation = 'latency_histograms' AND NOT chosen
) AS witness
    ON witness.environment = counts.environment
    AND witness.service = counts.service
    AND witness.breaker = counts.breaker
    AND witness.counted_by = counts.counted_by
    AND witness.labels = counts.labels
    AND witness.day_start <= counts.bucket_start
    AND witness.day_end > counts.bucket_start
