-- What regressions are found in, and what is known of them already.

-- step: last
-- By which rules and baselines was judged, and whether anything was.
select
    (select value from raw.checkpoints where source = $own and key = 'terms') as terms,
    exists (select 1 from kept.benchmark_series) as any_series

-- step: changed
-- The series whose runs changed since they were judged, a row each with its runs in the order of time.
with runs as (
    select
        environment,
        suite,
        benchmark,
        metric,
        unit,
        run_environment,
        labels,
        revision,
        run_at,
        any_value(better) as better,
        list(value order by repetition) as repeated
    from kept.benchmark_runs
    where isfinite(value)
    group by environment, suite, benchmark, metric, unit, run_environment, labels, revision, run_at
),
series as (
    select
        environment,
        suite,
        benchmark,
        metric,
        unit,
        run_environment,
        labels,
        arg_max(better, run_at) as better,
        list(epoch_us(run_at) order by run_at, revision) as run_at_us,
        list(revision order by run_at, revision) as revisions,
        list(repeated order by run_at, revision) as repeated,
        count(*) || ':' || bit_xor(hash(run_at, revision, repeated, better)) as content
    from runs
    group by environment, suite, benchmark, metric, unit, run_environment, labels
)
select series.*
from series
left join kept.benchmark_series as known
    using (environment, suite, benchmark, metric, unit, run_environment, labels)
where $everything or known.content is distinct from series.content
order by series.environment, series.suite, series.benchmark, series.metric, series.unit, series.run_environment

-- step: tested
-- How many series had a run of each release: so many are tested at once.
select
    environment,
    coalesce(nullif(revision, ''), run_at::date::varchar) as release,
    count(distinct (suite, benchmark, metric, unit, run_environment, labels::varchar)) as tested
from kept.benchmark_runs
group by environment, release

-- step: known
select
    * exclude (row_id, changed_at, changed_earliest, changed_latest, recovered_at, accepted_until),
    epoch_us(changed_at) as changed_us,
    epoch_us(changed_earliest) as earliest_us,
    epoch_us(changed_latest) as latest_us,
    epoch_us(recovered_at) as recovered_us,
    epoch_us(accepted_until) as accepted_until_us
from kept.regressions

-- step: known_series
select * exclude (row_id) from kept.benchmark_series

-- step: baselines
select
    * exclude (row_id, changed_at, set_at, expires_at),
    epoch_us(changed_at) as changed_us,
    epoch_us(set_at) as set_us,
    epoch_us(expires_at) as expires_us
from kept.baselines
where kind <> 'dropped'

-- step: audited
-- What people did to baselines, as the log of what was done says it.
select
    environment,
    make_timestamptz(started_us) as occurred_at,
    coalesce(detail['actor'], '') as actor,
    case detail['kind']
        when 'pinned' then 'baseline set'
        when 'accepted' then 'regression accepted'
        else 'baseline dropped'
    end as action,
    concat_ws(
        ' ',
        detail['name'],
        nullif(detail['suite'], ''),
        nullif(detail['benchmark'], ''),
        nullif(detail['metric'], ''),
        nullif(detail['revision'], '')
    ) as subject,
    coalesce(detail['reason'], '') as reason,
    labels
from raw.records
where kind = 'baseline'
