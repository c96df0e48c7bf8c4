-- view: Benchmark levels that moved in the bad direction, credibly and by enough to matter.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column suite: Suite of the benchmark.
-- column benchmark: Benchmark.
-- column metric: What is measured.
-- column run_environment: Machine or setting it ran in.
-- column changed_at: First run on the new level.
-- column revision: First version on the new level.
-- column before: Level before.
-- column after: Level after.
-- column effect: Relative size of the change, 0.1 is a tenth worse.
-- column p_adjusted: Probability of it by chance, corrected for the number of series tested.
-- column status: suspected, confirmed, accepted or withdrawn.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    suite,
    benchmark,
    metric,
    nullif(run_environment, '') AS run_environment,
    changed_at,
    nullif(revision, '') AS revision,
    before,
    after,
    effect,
    p_adjusted,
    status,
    labels
FROM kept.regressions
