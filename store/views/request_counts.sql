-- view: Calls by time bucket and outcome, exact over gaps while the process did not restart. Each call counts once, so a plain sum over one vantage is right: of metrics and log lines that tell the same calls one is believed a day (count_witnesses), and what says more of calls that are counted here stands in request_counts_besides.
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
ANTI JOIN (
    SELECT * FROM kept.count_witnesses WHERE relation = 'request_counts' AND NOT chosen
) AS witness
    ON witness.environment = counts.environment
    AND witness.service = counts.service
    AND witness.breaker = counts.breaker
    AND witness.vantage IN ('', counts.vantage)
    AND witness.counted_by = counts.counted_by
    AND witness.labels = counts.labels
    AND witness.day_start <= counts.bucket_start
    AND witness.day_end > counts.bucket_start
WHERE coalesce(role, '') = ''
