-- Spells in which breakers were open, with the calls that were attempted after the open period had surely passed.
-- $breaker_services, $breakers and $open_times_s say what is declared; else the least time ever seen is taken.
with
-- include: breaker_spells.sql
,
declared as (
    select
        unnest($breaker_services::varchar[]) as service,
        unnest($breakers::varchar[]) as breaker,
        unnest($open_times_s::double[]) as open_time_s
),
open_spells as (
    select
        *,
        epoch_us(to_latest - from_earliest) / 1e6 as longest_s,
        greatest(0, epoch_us(to_earliest - from_latest)) / 1e6 as shortest_s
    from spells
    where state = 'open'
),
seen as (
    select environment, service, breaker, min(longest_s) as open_time_s, count(*) as times
    from open_spells
    where to_state = 'half_open'
    group by environment, service, breaker
)
select
    spell.environment, spell.service, spell.breaker, spell.instance, spell.labels, spell.to_state,
    spell.longest_s, spell.shortest_s,
    epoch_us(spell.from_latest) as from_us,
    epoch_us(spell.to_earliest) as until_us,
    declared.open_time_s as declared_s,
    coalesce(declared.open_time_s, case when seen.times >= 3 then seen.open_time_s end) as open_time_s,
    coalesce(sum(calls.count), 0)::bigint as attempts
from open_spells as spell
left join declared using (service, breaker)
left join seen using (environment, service, breaker)
-- Only calls that were surely attempted after the open period and before it was left.
left join breaker_calls as calls
    on calls.environment is not distinct from nullif(spell.environment, '')
    and calls.service = spell.service
    and calls.breaker = spell.breaker
    and coalesce(calls.instance, '') = spell.instance
    and calls.labels = spell.labels
    and calls.from_time >= spell.from_latest
        + to_microseconds((coalesce(declared.open_time_s, seen.open_time_s) * 1e6)::bigint)
    and calls.to_time <= spell.to_earliest
where coalesce(declared.open_time_s, seen.open_time_s) is not null
group by all
having spell.longest_s < 0.95 * declared.open_time_s or spell.shortest_s > 1.5 * any_value(coalesce(declared.open_time_s, seen.open_time_s))
order by from_us, spell.breaker, spell.instance
