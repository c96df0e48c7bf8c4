-- view: How each series of benchmark runs stands; a series is one metric in one run environment.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column suite: Suite of the benchmark.
-- column benchmark: Benchmark.
-- column metric: What is measured.
-- column unit: Its unit.
-- column better: lower or higher.
-- column run_environment: Machine or setting it ran in; other machines are other series.
-- column runs: How many runs there are.
-- column repetitions: Repetitions of the newest run.
-- column first_run_at: The first run.
-- column last_run_at: The newest run.
-- column revision: Version of the newest run.
-- column level: The present level, as the median of its runs.
-- column judged: steady, regressed, suspected, or not_enough_data.
-- column reason: What it lacks, where there is not enough data.
-- column content: Fingerprint of its runs: it is judged again when this changes.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    suite,
    benchmark,
    metric,
    nullif(unit, '') AS unit,
    better,
    nullif(run_environment, '') AS run_environment,
    runs,
    repetitions,
    first_run_at,
    last_run_at,
    nullif(revision, '') AS revision,
    level,
    judged,
    nullif(reason, '') AS reason,
    content,
    labels
FROM kept.benchmark_series
