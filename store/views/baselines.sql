-- view: Reference levels that people pinned, and new levels that they accepted, with their reasons.
-- column environment: Environment the row belongs to; NULL for every one.
-- column baseline_id: Number of the baseline.
-- column name: Its name; an accepted level bears the number of its regression.
-- column kind: pinned (runs are compared with it) or accepted (this regression is the new normal).
-- column suite: Suite it is about; NULL for every one.
-- column benchmark: Benchmark it is about; NULL for every one.
-- column metric: Metric it is about; NULL for every one.
-- column run_environment: Machine or setting it is about; NULL for every one.
-- column revision: Version whose runs are the reference, or that brought the accepted level.
-- column changed_at: Where the accepted level began; NULL for a pinned baseline.
-- column level: The accepted level; NULL for a pinned baseline.
-- column reason: Why, in the words of who set it.
-- column actor: Who set it.
-- column set_at: When.
-- column expires_at: When it ends; NULL for never.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    baseline_id,
    name,
    kind,
    nullif(suite, '') AS suite,
    nullif(benchmark, '') AS benchmark,
    nullif(metric, '') AS metric,
    nullif(run_environment, '') AS run_environment,
    nullif(revision, '') AS revision,
    changed_at,
    level,
    nullif(reason, '') AS reason,
    nullif(actor, '') AS actor,
    set_at,
    expires_at,
    labels
FROM kept.baselines
