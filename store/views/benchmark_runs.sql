-- view: Single repetitions of benchmarks.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column suite: Suite of the benchmark.
-- column benchmark: Benchmark.
-- column metric: What is measured.
-- column unit: Its unit.
-- column better: lower or higher.
-- column run_at: When the run took place.
-- column revision: Version that was measured.
-- column run_environment: Machine or setting it ran in.
-- column value: The value.
-- column repetition: Number of the repetition within its run, from 0.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    suite,
    benchmark,
    metric,
    nullif(unit, '') AS unit,
    better,
    run_at,
    nullif(revision, '') AS revision,
    nullif(run_environment, '') AS run_environment,
    value,
    repetition,
    labels
FROM kept.benchmark_runs
