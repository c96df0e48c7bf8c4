-- What people ask about baselines.

-- step: listed
select
    name,
    kind,
    environment,
    suite,
    benchmark,
    metric,
    run_environment,
    revision,
    level,
    reason,
    actor,
    set_at,
    expires_at
from baselines
order by set_at desc, name

-- step: matching
-- The series that have runs of a version, and how many repetitions of it.
select environment, suite, benchmark, metric, unit, run_environment, count(*) as repetitions
from benchmark_runs
where
    revision = $revision
    and coalesce(environment, '') glob $environment
    and suite glob $suite
    and benchmark glob $benchmark
    and metric glob $metric
    and coalesce(run_environment, '') glob $run_environment
group by all
order by all

-- step: regressed_before
-- Regressions that stood when a version was measured, and that nobody has accepted.
select regressions.*
from regressions
where
    status in ('confirmed', 'suspected')
    and rule in ('change', 'count')
    and coalesce(environment, '') glob $environment
    and suite glob $suite
    and benchmark glob $benchmark
    and metric glob $metric
    and coalesce(run_environment, '') glob $run_environment
    and exists (
        select 1
        from benchmark_runs as run
        where
            run.revision = $revision
            and run.environment is not distinct from regressions.environment
            and run.suite = regressions.suite
            and run.benchmark = regressions.benchmark
            and run.metric = regressions.metric
            and run.run_environment is not distinct from regressions.run_environment
            and run.labels = regressions.labels
            and run.run_at >= regressions.changed_at
    )
order by effect desc, benchmark, metric

-- step: named
-- Open regressions of one number, or of one release.
select *
from regressions
where (regression_id = $number or event_id = $number) and status in ('confirmed', 'suspected', 'accepted')
order by changed_at, benchmark, metric

-- step: shown
-- How the series of a pinned baseline stand: the reference, the newest version, and what is said of them.
with runs as (
    select * replace (
        coalesce(environment, '') as environment,
        coalesce(unit, '') as unit,
        coalesce(run_environment, '') as run_environment
    )
    from benchmark_runs
),
base as (
    select * from baselines where name = $name
),
reference as (
    select
        runs.environment,
        runs.suite,
        runs.benchmark,
        runs.metric,
        runs.unit,
        runs.run_environment,
        runs.labels,
        median(runs.value) as before,
        count(*) as n_before
    from runs
    join base
        on runs.revision = base.revision
        and runs.environment glob coalesce(base.environment, '*')
        and runs.suite glob coalesce(base.suite, '*')
        and runs.benchmark glob coalesce(base.benchmark, '*')
        and runs.metric glob coalesce(base.metric, '*')
        and runs.run_environment glob coalesce(base.run_environment, '*')
    group by all
),
newest as (
    select
        environment,
        suite,
        benchmark,
        metric,
        unit,
        run_environment,
        labels,
        arg_max(coalesce(revision, ''), run_at) as revision,
        max(run_at) as run_at
    from runs
    group by all
),
latest as (
    select
        runs.environment,
        runs.suite,
        runs.benchmark,
        runs.metric,
        runs.unit,
        runs.run_environment,
        runs.labels,
        newest.revision,
        median(runs.value) as after,
        count(*) as n_after
    from runs
    join newest using (environment, suite, benchmark, metric, unit, run_environment, labels)
    where runs.run_at = newest.run_at or runs.revision = newest.revision
    group by all
),
judged as (
    select
        coalesce(environment, '') as environment,
        suite,
        benchmark,
        metric,
        coalesce(unit, '') as unit,
        coalesce(run_environment, '') as run_environment,
        labels,
        any_value(reason) as reason
    from benchmark_series
    group by all
),
found as (
    select
        coalesce(environment, '') as environment,
        suite,
        benchmark,
        metric,
        coalesce(unit, '') as unit,
        coalesce(run_environment, '') as run_environment,
        labels,
        any_value(status) as status,
        any_value(p_adjusted) as p_adjusted
    from regressions
    where baseline = $name and status <> 'withdrawn'
    group by all
)
select
    environment,
    suite,
    benchmark,
    metric,
    unit,
    run_environment,
    latest.revision,
    reference.before,
    latest.after,
    latest.after / nullif(reference.before, 0) - 1 as change,
    reference.n_before,
    latest.n_after,
    found.p_adjusted,
    coalesce(found.status, judged.reason, 'no regression') as judged
from reference
join latest using (environment, suite, benchmark, metric, unit, run_environment, labels)
left join judged using (environment, suite, benchmark, metric, unit, run_environment, labels)
left join found using (environment, suite, benchmark, metric, unit, run_environment, labels)
order by suite, benchmark, metric, run_environment, environment
