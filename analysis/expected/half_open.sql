-- Spells in which breakers were half-open, with the calls let through: at least (buckets wholly inside) and at most.
with
-- include: breaker_spells.sql
,
half_open as (
    select
        *,
        greatest(0, epoch_us(to_earliest - from_latest)) / 1e6 as shortest_s
    from spells
    where state = 'half_open' and not inferred
),
first_calls as (
    select environment, service, breaker, coalesce(instance, '') as instance, min(minute) as minute
    from breaker_calls
    where outcome in ('success', 'failure', 'timeout')
    group by all
)
select
    spell.environment, spell.service, spell.breaker, spell.instance, spell.labels, spell.to_state, spell.shortest_s,
    spell.told,
    epoch_us(spell.from_latest) as from_us,
    epoch_us(spell.to_earliest) as until_us,
    coalesce(sum(calls.count) filter (
        calls.outcome in ('success', 'failure', 'timeout', 'client_error')
        and calls.from_time >= spell.from_latest and calls.to_time <= spell.to_earliest
    ), 0)::bigint as let_through,
    coalesce(sum(calls.count) filter (calls.outcome in ('success', 'failure', 'timeout', 'client_error')), 0)::bigint
        as at_most,
    coalesce(sum(calls.count) filter (
        calls.from_time >= spell.from_latest + interval 60 second and calls.to_time <= spell.to_earliest
    ), 0)::bigint as attempts,
    coalesce(any_value(first.minute) < spell.from_latest, false) as counted
from half_open as spell
left join near_calls as calls
    on calls.spell_id = spell.spell_id
    and calls.from_time < spell.to_latest
    and calls.to_time > spell.from_earliest
left join first_calls as first
    on first.environment is not distinct from nullif(spell.environment, '')
    and first.service = spell.service
    and first.breaker = spell.breaker
    and first.instance = spell.instance
group by
    spell.environment, spell.service, spell.breaker, spell.instance, spell.labels, spell.to_state, spell.shortest_s,
    spell.told,
    spell.from_latest, spell.to_earliest, spell.spell_id
order by from_us, spell.breaker, spell.instance
