-- Spells on a service level in the time asked for.
with asked as (
    select
        unnest($ask::bigint[]) as ask,
        unnest($from_us::bigint[]) as from_us,
        unnest($to_us::bigint[]) as to_us,
        unnest($environment::varchar[]) as environment,
        unnest($service::varchar[]) as service
),
-- include: level_spells.sql
select
    asked.ask,
    spell.level,
    spell.started_us,
    spell.ended_us,
    spell.started_earliest_us,
    spell.started_latest_us,
    spell.ended_earliest_us,
    spell.ended_latest_us
from asked
join level_spells as spell
    on spell.started_earliest_us < asked.to_us
    and spell.ended_latest_us > asked.from_us
    and (asked.environment is null or spell.environment = asked.environment)
    and (asked.service is null or spell.service = asked.service)
order by asked.ask, spell.started_us
