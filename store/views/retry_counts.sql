-- view: Retried work by time bucket: calls and attempts are different units and never mixed.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column service: Service that retries.
-- column operation: Operation that is retried.
-- column target: Target of the calls.
-- column instance: Instance that counted.
-- column bucket_start: Start of the bucket.
-- column bucket_s: Length of the bucket in seconds; longer than a minute where a gap lies inside.
-- column unit: calls or attempts.
-- column outcome: How they ended.
-- column count: How many.
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
    labels
FROM kept.retry_counts
