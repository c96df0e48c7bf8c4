-- view: Benchmark levels that moved in the bad direction, credibly and by enough to matter.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column regression_id: Number of the regression; it stays the same while its place is found more exactly.
-- column event_id: The same for all regressions that came in with one release.
-- column suite: Suite of the benchmark.
-- column benchmark: Benchmark.
-- column metric: What is measured.
-- column unit: Its unit.
-- column better: lower or higher.
-- column run_environment: Machine or setting it ran in.
-- column rule: What it was found by: change (of level), count (a rate), baseline (against a pinned one) or bound (a limit).
-- column baseline: Name of the pinned baseline, where it is about one.
-- column changed_at: First run on the new level.
-- column changed_earliest: The change lies at this run or later (with 95 %).
-- column changed_latest: The change lies at this run or earlier.
-- column recovered_at: First run that was back on the level before; NULL while it lasts.
-- column revision: First version on the new level.
-- column before: Level before.
-- column after: Level after.
-- column effect: Relative size of the change, 0.1 is a tenth worse; NULL where the level before was 0.
-- column runs_before: Runs on the level before.
-- column runs_after: Runs on the new level.
-- column p: Probability of it by chance, for this series alone.
-- column p_adjusted: Probability of it by chance, corrected for the number of series tested.
-- column status: suspected, confirmed, accepted or withdrawn.
-- column reason: Why it is accepted, in the words of who did, or withdrawn.
-- column accepted_until: When its acceptance ends; NULL for never.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    regression_id,
    event_id,
    suite,
    benchmark,
    metric,
    nullif(unit, '') AS unit,
    better,
    nullif(run_environment, '') AS run_environment,
    rule,
    nullif(baseline, '') AS baseline,
    changed_at,
    changed_earliest,
    changed_latest,
    recovered_at,
    nullif(revision, '') AS revision,
    before,
    after,
    effect,
    runs_before,
    runs_after,
    p,
    p_adjusted,
    status,
    nullif(reason, '') AS reason,
    accepted_until,
    labels
FROM kept.regressions
