-- Where a breaker was surely open while the health signal of its component surely was up: spans of both, to be cut by
-- what was seen.
with
-- include: breaker_spells.sql
,
moves as (
    select
        environment, service, component, instance, labels, to_state as state,
        occurred_latest as from_time,
        lead(occurred_earliest) over of_instance as to_time
    from kept.health_changes
    window of_instance as (partition by environment, service, component, instance, labels order by occurred_at)
),
up as (
    select environment, service, component, instance, labels, from_time, to_time
    from moves
    where state = 'up'
    union all
    -- Up from its first sight on, until it changed for the first time, or until now.
    select
        one.environment, one.service, one.component, one.instance, one.labels, one.first_seen, min(change.occurred_earliest)
    from kept.health_states as one
    left join kept.health_changes as change using (environment, service, component, instance, labels)
    where one.first_state = 'up'
    group by all
)
select
    spell.environment, spell.service, spell.breaker, spell.instance, spell.labels,
    up.service as signal_service, up.instance as signal_instance,
    epoch_us(greatest(spell.from_latest, up.from_time)) as from_us,
    epoch_us(least(spell.to_earliest, coalesce(up.to_time, 'infinity'::timestamptz))) as until_us
from spells as spell
join up
    on up.environment = spell.environment
    and up.component = spell.breaker
    and not exists (
        from (select unnest(map_keys(up.labels)) as label) as told
        where map_contains(spell.labels, told.label) and up.labels[told.label] <> spell.labels[told.label]
    )
where spell.state in ('open', 'forced_open')
    and greatest(spell.from_latest, up.from_time) < least(spell.to_earliest, coalesce(up.to_time, 'infinity'::timestamptz))
order by from_us, spell.breaker, spell.instance
