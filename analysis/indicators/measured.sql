-- Values that were measured outside, by name.
with asked as (
    select
        unnest($ask::bigint[]) as ask,
        make_timestamptz(unnest($from_us::bigint[])) as from_time,
        make_timestamptz(unnest($to_us::bigint[])) as to_time,
        unnest($environment::varchar[]) as environment,
        unnest($service::varchar[]) as service,
        unnest($experiment::varchar[]) as experiment,
        unnest($name::varchar[]) as name
)

select distinct asked.ask, one.name, one.service, one.measured_at, one.value, one.unit
from asked
join measurements as one
    on one.name = asked.name
    -- What says which experiment it is of is of that one, whenever it was written down; else its time tells.
    and (
        (one.measured_at >= asked.from_time and one.measured_at < asked.to_time and asked.experiment is null)
        or one.experiment_id = asked.experiment
        or (
            one.experiment_id is null
            and asked.experiment is not null
            and one.measured_at >= asked.from_time
            and one.measured_at <= asked.to_time
        )
    )
    and (asked.environment is null or one.environment is null or one.environment = asked.environment)
    and (asked.service is null or one.service is null or one.service = asked.service)
where one.value is not null
order by asked.ask, one.measured_at
