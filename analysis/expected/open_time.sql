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
    where state = 'open' and not inferred
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
    coalesce(sum(calls.count) filter (calls.outcome = 'not_permitted'), 0)::bigint as attempts,
    coalesce(sum(calls.count) filter (calls.outcome in ('success', 'failure', 'timeout')), 0)::bigint as let_through,
    coalesce(epoch_us(max(calls.to_time) - min(calls.minute)) / 1e6, 0) as counted_s
from open_spells as spell
left join declared using (service, breaker)
left join seen using (environment, service, breaker)
-- Only calls that were surely attempted while it was open, and turned away though the open period had passed: one that is
-- let through is a probe, and between two samples of a gauge there may have been several.
left join near_calls as calls
    on calls.spell_id = spell.spell_id
    and calls.from_time >= spell.from_latest
    and calls.to_time <= spell.to_earliest
where coalesce(declared.open_time_s, seen.open_time_s) is not null
    and (
        spell.longest_s < 0.95 * declared.open_time_s
        or spell.shortest_s > 1.5 * coalesce(declared.open_time_s, seen.open_time_s)
    )
group by all
order by from_us, spell.breaker, spell.instance
