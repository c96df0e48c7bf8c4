-- When each experiment ran, and its phases; the experiment itself has no name.
with told as (
    select
        environment,
        experiment_id,
        epoch_us(ended_at) as experiment_ended_us,
        unnest(from_json(phases, '[{"name": "VARCHAR", "start": "VARCHAR", "end": "VARCHAR"}]')) as phase
    from experiments
    where phases is not null
)
select environment, experiment_id, '' as name, epoch_us(started_at) as started_us, epoch_us(ended_at) as ended_us
from experiments
where started_at is not null
union all
select
    environment,
    experiment_id,
    phase."name",
    epoch_us(phase."start"::timestamptz) as started_us,
    epoch_us(coalesce(phase."end"::timestamptz, make_timestamptz(experiment_ended_us))) as ended_us
from told
where phase."name" is not null and phase."start" is not null
