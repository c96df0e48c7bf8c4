-- From each fall into down of a component to the next rise into up. Where no instance is asked for, the falls that
-- several instances saw at the same time are one, from the first to the last.
with asked as (
    select
        unnest($ask::bigint[]) as ask,
        make_timestamptz(unnest($from_us::bigint[])) as from_time,
        make_timestamptz(unnest($to_us::bigint[])) as to_time,
        unnest($environment::varchar[]) as environment,
        unnest($service::varchar[]) as service,
        unnest($target::varchar[]) as target,
        unnest($instance::varchar[]) as instance,
        unnest($experiment::varchar[]) as experiment,
        unnest($experiments::boolean[]) as experiments
),

-- include: health_falls.sql
,

spells as (
    select *, null as instance from falls
    union all by name
    select
        environment,
        service,
        name,
        instance,
        began_at,
        began_earliest,
        began_latest,
        ended_at,
        ended_earliest,
        ended_latest,
        experiment_id
    from signals
    where kind = 'health' and instance is not null
)

select
    asked.ask,
    spell.environment,
    spell.service,
    epoch_us(spell.began_earliest) as from_earliest_us,
    epoch_us(spell.began_latest) as from_latest_us,
    epoch_us(spell.ended_earliest) as to_earliest_us,
    epoch_us(spell.ended_latest) as to_latest_us
from asked
join spells as spell
    on spell.began_at >= asked.from_time
    and spell.began_at < asked.to_time
    and (asked.environment is null or spell.environment = asked.environment)
    and (asked.service is null or spell.service = asked.service)
    and (asked.target is null or coalesce(spell.name, spell.service) = asked.target)
    and spell.instance is not distinct from asked.instance
    and (asked.experiment is null or spell.experiment_id = asked.experiment)
    and (asked.experiments or spell.experiment_id is null)
