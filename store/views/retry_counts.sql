-- view: Retried work by time bucket: calls and attempts are different units and never mixed.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column service: Service that retries.
-- column operation: Operation that is retried.
-- column target: Target of the calls.
-- column instance: Instance that counted.
-- column bucket_start: Start of the bucket.
-- column bucket_s: Length of the bucket in seconds; longer than a minute where a gap lies inside.
-- column unit: calls, or attempts: the repeated ones, or all of them where first_attempts is true.
-- column outcome: How they ended.
-- column count: How many.
-- column breaker: Breaker that the calls went through, if any.
-- column counted_by: metrics, or logs: and the profile (or source) whose lines told the calls one by one.
-- column first_attempts: True where the first attempt of each call is among the attempts.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    nullif(service, '') AS service,
    nullif(operation, '') AS operation,
    nullif(target, '') AS target,
    nullif(instance, '') AS instance,
    bucket_start,
    bucket_s,
    unit,
    nullif(outcome, '') AS outcome,
    count,
    nullif(breaker, '') AS breaker,
    counted_by,
    coalesce(first_attempts, false) AS first_attempts,
    labels
FROM kept.retry_counts AS counts
WHERE NOT EXISTS (
    SELECT 1
    FROM kept.count_witnesses AS witness
    WHERE
        witness.relation = 'retry_counts'
        AND NOT witness.chosen
        AND witness.environment = counts.environment
        AND witness.service = counts.service
        AND witness.breaker = counts.breaker
        AND witness.operation = counts.operation
        AND witness.counted_by = counts.counted_by
        AND witness.labels = counts.labels
        AND witness.day_start <= counts.bucket_start
        AND witness.day_end > counts.bucket_start
        AND counts.unit = 'attempts'
)
