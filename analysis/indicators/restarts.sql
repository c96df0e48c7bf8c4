-- Restarts in what is asked for.
with asked as (
    select
        unnest($ask::bigint[]) as ask,
        make_timestamptz(unnest($from_us::bigint[])) as from_time,
        make_timestamptz(unnest($to_us::bigint[])) as to_time,
        unnest($environment::varchar[]) as environment,
        unnest($service::varchar[]) as service,
        unnest($instance::varchar[]) as instance
)

select asked.ask, count(*) as restarts
from asked
join changes as change
    on change.kind = 'restart'
    and change.occurred_at >= asked.from_time
    and change.occurred_at < asked.to_time
    and (asked.environment is null or change.environment = asked.environment)
    and (asked.service is null or change.service = asked.service)
    and (asked.instance is null or change.instance = asked.instance)
group by asked.ask
