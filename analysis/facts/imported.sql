-- What was imported, as the views show it. Of several records about one incident or experiment one counts: the one that
-- knows an end before the one that does not, then the one imported last.

-- step: stale
select name as kind from raw.stale_subjects where domain = 'import' order by name

-- step: incident
select
    environment,
    subject_id as outage_id,
    service,
    coalesce(detail['component'], '') as component,
    detail['kind'] as kind,
    'imported' as origin,
    detail['severity'] as severity,
    make_timestamptz(started_us) as started_at,
    started_at as started_earliest,
    started_at as started_latest,
    make_timestamptz(ended_us) as ended_at,
    ended_at as ended_earliest,
    ended_at as ended_latest,
    (ended_us - started_us) / 1e6 as duration_s,
    -- As it was written down: exact where it ended, at least what was covered so far where it did not.
    (ended_us - started_us) / 1e6 as duration_low_s,
    (ended_us - started_us) / 1e6 as duration_high_s,
    case when ended_us is not null then 'unknown' end as healed_by,
    detail['cause'] as cause,
    case when ended_us is null then 'ongoing' else 'resolved' end as status,
    '' as experiment_id,
    labels
from raw.records
where kind = 'incident'
qualify row_number() over (
    partition by subject_id order by ended_us is null, imported_us desc, file_row desc, record_id
) = 1

-- step: covered
with spans as (
    select source, environment, service, labels, started_us, max(ended_us) as ended_us
    from raw.records
    where kind = 'covered'
    group by all
),
starts as (
    select
        *,
        coalesce(
            started_us > max(ended_us) over (
                partition by source, environment, service, labels
                order by started_us
                rows between unbounded preceding and 1 preceding
            ),
            true
        ) as is_start
    from spans
),
islands as (
    select
        *,
        count_if(is_start) over (
            partition by source, environment, service, labels order by started_us rows unbounded preceding
        ) as island
    from starts
),
covered as (
    select source, environment, service, labels, min(started_us) as first_us, max(ended_us) as last_us
    from islands
    group by source, environment, service, labels, island
),
gaps as (
    select
        source,
        environment,
        service,
        labels,
        lag(last_us) over (partition by source, environment, service, labels order by first_us) as first_us,
        first_us as last_us
    from covered
)
select
    source,
    environment,
    service,
    '' as instance,
    labels,
    make_timestamptz(first_us) as started_at,
    make_timestamptz(last_us) as ended_at,
    true as covered
from covered
union all
select source, environment, service, '', labels, make_timestamptz(first_us), make_timestamptz(last_us), false
from gaps
where first_us is not null

-- step: measurement
select
    environment,
    service,
    coalesce(detail['experiment_id'], '') as experiment_id,
    detail['name'] as name,
    value,
    coalesce(detail['unit'], '') as unit,
    make_timestamptz(started_us) as measured_at,
    source,
    labels
from raw.records
where kind = 'measurement'

-- step: benchmark_wanted
-- Benchmarks are many: they are compared with what is kept where they lie.
create or replace temp table wanted_benchmark_runs as
select
    environment,
    detail['suite'] as suite,
    detail['benchmark'] as benchmark,
    detail['metric'] as metric,
    coalesce(detail['unit'], '') as unit,
    detail['better'] as better,
    make_timestamptz(started_us) as run_at,
    coalesce(detail['revision'], '') as revision,
    coalesce(detail['run_environment'], '') as run_environment,
    value,
    row_number() over (
        partition by environment, labels, started_us, detail
        order by imported_us, file_row, record_id
    ) - 1 as repetition,
    labels
from raw.records
where kind = 'benchmark'

-- step: benchmark_gone
delete from kept.benchmark_runs
where row_id in (
    select kept.row_id
    from kept.benchmark_runs as kept
    anti join wanted_benchmark_runs
        using (
            environment, suite, benchmark, metric, unit, better, run_at, revision, run_environment, value, repetition,
            labels
        )
)

-- step: benchmark_new
insert into kept.benchmark_runs by name
select wanted.*
from wanted_benchmark_runs as wanted
anti join kept.benchmark_runs
    using (
        environment, suite, benchmark, metric, unit, better, run_at, revision, run_environment, value, repetition,
        labels
    )

-- step: benchmark_done
drop table wanted_benchmark_runs

-- step: experiment
-- As its report says, or as it was told while it ran: then a phase lasts until the next one begins, or the end.
with told as (
    from raw.records
    where kind = 'experiment'
    qualify row_number() over (
        partition by subject_id order by ended_us is null, imported_us desc, file_row desc, record_id
    ) = 1
),
ends as (
    select
        subject_id,
        arg_max(started_us, imported_us) as ended_us,
        arg_max(coalesce(detail['outcome'], ''), imported_us) as outcome
    from raw.records
    where kind = 'end'
    group by subject_id
),
steps as (
    select environment, detail['experiment_id'] as experiment_id, detail, started_us, ended_us
    from raw.records
    where kind = 'phase'
    qualify row_number() over (
        partition by environment, experiment_id, detail['name'], started_us
        order by ended_us is null, imported_us desc, record_id
    ) = 1
),
lasting as (
    select
        environment,
        experiment_id,
        detail,
        started_us,
        coalesce(ended_us, lead(started_us) over (partition by environment, experiment_id order by started_us)) as ended_us
    from steps
),
phases as (
    select
        told.subject_id,
        to_json(list({
            'name': lasting.detail['name'],
            'start': strftime(make_timestamp(lasting.started_us), '%Y-%m-%dT%H:%M:%S.%f+00:00'),
            'end': strftime(
                make_timestamp(coalesce(lasting.ended_us, told.ended_us, ends.ended_us)), '%Y-%m-%dT%H:%M:%S.%f+00:00'
            ),
            'intensity': lasting.detail['intensity']
        } order by lasting.started_us))::varchar as phases
    from told
    join lasting
        on lasting.environment = told.environment and lasting.experiment_id = told.detail['experiment_id']
    left join ends using (subject_id)
    group by told.subject_id
)
select
    told.environment,
    told.detail['experiment_id'] as experiment_id,
    told.service,
    coalesce(told.detail['scenario'], '') as scenario,
    coalesce(told.detail['target'], '') as target,
    make_timestamptz(told.started_us) as started_at,
    make_timestamptz(coalesce(ends.ended_us, told.ended_us)) as ended_at,
    coalesce(phases.phases, told.detail['phases'], '') as phases,
    coalesce(told.detail['expected'], '') as expected,
    told.source,
    null::boolean as fault_effective,
    coalesce(nullif(ends.outcome, ''), told.detail['outcome'], '') as outcome,
    told.labels
from told
left join ends using (subject_id)
left join phases using (subject_id)

-- step: baseline
-- What was said last under each name.
select
    environment,
    record_id as baseline_id,
    detail['name'] as name,
    detail['kind'] as kind,
    coalesce(detail['suite'], '') as suite,
    coalesce(detail['benchmark'], '') as benchmark,
    coalesce(detail['metric'], '') as metric,
    coalesce(detail['run_environment'], '') as run_environment,
    coalesce(detail['revision'], '') as revision,
    make_timestamptz(detail['changed_us']::bigint) as changed_at,
    value as level,
    coalesce(detail['reason'], '') as reason,
    coalesce(detail['actor'], '') as actor,
    make_timestamptz(started_us) as set_at,
    make_timestamptz(ended_us) as expires_at,
    labels
from raw.records
where kind = 'baseline'
qualify row_number() over (partition by detail['name'] order by started_us desc, imported_us desc, record_id) = 1

-- step: change
-- Who said of which time, when, that it does not count.
select
    environment,
    make_timestamptz(imported_us) as occurred_at,
    coalesce(detail['actor'], '') as actor,
    'annotated ' || detail['change'] || if(started_us < imported_us - 60000000, ' after the fact', '') as action,
    if(service = '', 'every service', service) as subject,
    strftime(make_timestamptz(started_us), '%Y-%m-%d %H:%M:%SZ')
    || ' to ' || strftime(make_timestamptz(ended_us), '%Y-%m-%d %H:%M:%SZ')
    || coalesce(': ' || detail['text'], '') as reason,
    labels
from raw.records
where kind = 'change' and detail['change'] in ('maintenance', 'exclusion')
