-- view: Where log lines tell calls one by one: how many each witness counted of them on a day, and whom the views of counts believe.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column relation: The view it decides: request_counts, retry_counts or latency_histograms.
-- column service: Service that served or made the calls.
-- column operation: Operation that is retried, for retry_counts; the others are judged for all operations together.
-- column breaker: Breaker that the calls went through, if any.
-- column day_start: Start of the UTC day.
-- column day_end: End of the UTC day.
-- column counted_by: The witness: metrics, or logs: and the profile (or source) of the lines.
-- column vantage: Where the calls were seen from, for request_counts: edge, server or client; NULL for the others.
-- column count: How many calls it counted on that day; attempts for retry_counts.
-- column chosen: Whether it is believed; the others only cross-check.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    relation,
    nullif(service, '') AS service,
    nullif(operation, '') AS operation,
    nullif(breaker, '') AS breaker,
    day_start,
    day_end,
    counted_by,
    nullif(vantage, '') AS vantage,
    count,
    chosen,
    labels
FROM kept.count_witnesses
