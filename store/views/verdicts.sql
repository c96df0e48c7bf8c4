-- view: What was judged, with bounds, coverage and the reason.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column verdict_id: Number of the verdict.
-- column evaluated_at: When it was judged.
-- column objective: Objective that was judged.
-- column service: Service it is about.
-- column window_start: Start of the window.
-- column window_end: End of the window.
-- column indicator: What was computed.
-- column stat: mean, median, p90, p95, p99, min or max.
-- column value: The value; NULL is no data.
-- column low: The value is no less than this; NULL is unbounded.
-- column high: The value is no more than this; NULL is unbounded.
-- column target: What it is held to.
-- column coverage: Share of the window that was seen, 0 to 1.
-- column n: Events behind it.
-- column verdict: met, missed, cannot_tell or not_applicable.
-- column leaning: likely_met, likely_missed or open, where it cannot be told.
-- column reason: Why, in words.
-- column remedy: What would settle it.
-- column severity: S1 to S4.
-- column policy: Accounting policy it was judged by.
-- column policy_version: Version of that policy.
-- column origin: promise, or default where it is ours and not promised.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    verdict_id,
    evaluated_at,
    objective,
    nullif(service, '') AS service,
    window_start,
    window_end,
    indicator,
    nullif(stat, '') AS stat,
    value,
    low,
    high,
    target,
    coverage,
    n,
    verdict,
    nullif(leaning, '') AS leaning,
    nullif(reason, '') AS reason,
    nullif(remedy, '') AS remedy,
    nullif(severity, '') AS severity,
    nullif(policy, '') AS policy,
    nullif(policy_version, '') AS policy_version,
    nullif(origin, '') AS origin,
    labels
FROM kept.verdicts
