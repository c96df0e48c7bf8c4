-- How many regressions stood at the end of what is asked for, and what could not be judged.
with spans as (
    select
        unnest($ask::bigint[]) as ask,
        unnest($from_us::bigint[]) as from_us,
        unnest($to_us::bigint[]) as to_us,
        unnest($environment::varchar[]) as environment,
        unnest($service::varchar[]) as service,
        unnest($operation::varchar[]) as operation
),
asked as (
    select
        ask,
        environment,
        service,
        operation,
        make_timestamptz(min(from_us)) as from_time,
        make_timestamptz(max(to_us)) as to_time
    from spans
    group by ask, environment, service, operation
),
stood as (
    select
        *,
        case
            -- It came back later: then it stood.
            when status = 'withdrawn' then 'confirmed'
            -- An acceptance that is over is none, whenever that was last looked at.
            when status = 'accepted' and accepted_until <= make_timestamptz($now_us::bigint) then 'confirmed'
            else status
        end as state
    from regressions
    where status <> 'withdrawn' or recovered_at is not null
)

select
    asked.ask,
    'regression' as what,
    stood.state,
    count(*) as number,
    min(concat_ws(' ', stood.suite, stood.benchmark, stood.metric)) as example
from asked
join stood
    on stood.changed_at < asked.to_time
    and (stood.recovered_at is null or stood.recovered_at >= asked.to_time)
    and (asked.environment is null or stood.environment = asked.environment)
    and (asked.service is null or stood.suite = asked.service)
    and (asked.operation is null or stood.benchmark = asked.operation)
group by asked.ask, stood.state
union all
select
    asked.ask,
    'series' as what,
    series.judged as state,
    count(*) as number,
    min(series.reason) as example
from asked
join benchmark_series as series
    on series.last_run_at >= asked.from_time
    and series.first_run_at < asked.to_time
    and (asked.environment is null or series.environment = asked.environment)
    and (asked.service is null or series.suite = asked.service)
    and (asked.operation is null or series.benchmark = asked.operation)
group by asked.ask, series.judged
