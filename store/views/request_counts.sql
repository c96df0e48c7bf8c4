-- view: Requests by time bucket and outcome, exact over gaps while the process did not restart.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column service: Service that served or made the requests.
-- column operation: Operation that was requested.
-- column target: Target that answered.
-- column instance: Instance that counted.
-- column bucket_start: Start of the bucket.
-- column bucket_s: Length of the bucket in seconds; longer than a minute where a gap lies inside.
-- column outcome: success, failure, timeout, not_permitted, rejected, rate_limited, client_error, fallback, cache_hit or cache_stale.
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
    outcome,
    count,
    labels
FROM kept.request_counts
