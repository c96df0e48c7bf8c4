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
-- column breaker: Breaker whose declared setting the limit is a multiple of, if any.
-- column operation: Operation whose declared setting the limit is a multiple of, if any.
-- column experiment_id: Experiment it was judged in, if any.
-- column known_until: Until when it could be known; earlier than window_end while a calendar window goes on.
-- column window_name: The window as the configuration names it.
-- column comparison: below, at_most, above, at_least or equals; NULL where it is only reported.
-- column unit: Unit of value, low, high and target: s, ratio, or what is counted.
-- column ongoing: How many of the events have not ended.
-- column ci_low: Lower end of the 95 % interval by sampling, of means and shares; no bound of the verdict.
-- column ci_high: Upper end of it.
-- column report_only: True where it never affects an exit code.
-- column at_risk: True where the budget is forecast to be spent before the window ends.
-- column budget_s: Error budget of the whole window in seconds, of limits that leave one.
-- column budget_left_s: What is left of it, negative where it is overspent.
-- column question_id: Number of what was asked: objective, subject, window and policy. Restatements share it.
-- column restates: The earlier verdict on the same question that this one differs from, if any.
-- column terms: How it was asked and counted, as JSON: objective, policy, and what was declared not to count.
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
    nullif(breaker, '') AS breaker,
    nullif(operation, '') AS operation,
    nullif(experiment_id, '') AS experiment_id,
    known_until,
    nullif(window_name, '') AS window_name,
    nullif(comparison, '') AS comparison,
    nullif(unit, '') AS unit,
    ongoing,
    ci_low,
    ci_high,
    report_only,
    at_risk,
    budget_s,
    budget_left_s,
    question_id,
    restates,
    terms,
    labels
FROM kept.verdicts
