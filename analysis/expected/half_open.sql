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
)
select
    spell.environment, spell.service, spell.breaker, spell.instance, spell.labels, spell.to_state, spell.shortest_s, spell.told,
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
    exists (
        from breaker_calls as ever
        where ever.environment is not distinct from nullif(spell.environment, '') and ever.service = spell.service
            and ever.breaker = spell.breaker and coalesce(ever.instance, '') = spell.instance
            and ever.outcome in ('success', 'failure', 'timeout')
            and ever.from_time < spell.from_latest
    ) as counted
from half_open as spell
left join breaker_calls as calls
    on calls.environment is not distinct from nullif(spell.environment, '')
    and calls.service = spell.service
    and calls.breaker = spell.breaker
    and coalesce(calls.instance, '') = spell.instance
    and calls.labels = spell.labels
    and calls.from_time < spell.to_latest
    and calls.to_time > spell.from_earliest
group by all
order by from_us, spell.breaker, spell.instance
