-- view: What counters say besides of calls that stand in request_counts already (answered by a fallback, timeouts among the failures, the same calls by server); never to be added to them.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column service: Service that served or made the requests.
-- column operation: Operation that was requested.
-- column target: Target that answered.
-- column instance: Instance that counted.
-- column bucket_start: Start of the bucket.
-- column bucket_s: Length of the bucket in seconds; longer than a minute where a gap lies inside.
-- column outcome: success, failure, timeout, not_permitted, rejected, rate_limited, client_error, fallback, cache_hit or cache_stale.
-- column count: How many.
-- column breaker: Breaker that the calls went through, if any.
-- column counted_by: metrics, or logs: and the profile (or source) whose lines told the calls one by one.
-- column vantage: Where the calls were seen from: edge, server or client (through a breaker). Edge and server may count the same calls: one of them decides (sli_source, else edge before server before client).
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
    nullif(breaker, '') AS breaker,
    counted_by,
    vantage,
    labels
FROM kept.request_counts AS counts
WHERE role = 'besides'
