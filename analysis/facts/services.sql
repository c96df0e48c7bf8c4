-- Levels and targets of services.

-- step: level_services
select distinct environment, service
from raw.stale_subjects
where domain = 'level'
order by environment, service

-- step: level_changes
select instance, labels, from_level, to_level, occurred_at, occurred_earliest, occurred_latest
from kept.service_level_changes
where environment = $environment and service = $service
order by occurred_at, occurred_earliest, instance

-- step: first_levels
-- The level that each instance was first seen on: $words holds the state words by their code.
select
    track.instance,
    track.labels,
    ($words::varchar[])[arg_min(run.value, run.first_us)::bigint + 1] as level,
    make_timestamptz(min(run.first_us)) as seen_at
from raw.tracks as track
join raw.runs as run using (track_id)
where track.kind = 'level_state'
    and not isnan(run.value)
    and track.environment = $environment
    and track.service = $service
group by track.instance, track.labels

-- step: served
-- The targets of the services just counted, and when each last answered well as far as the spans just counted tell: by
-- counters the sample that showed it, by log lines the answer itself.
select
    track.environment,
    track.service,
    track.operation,
    coalesce(nullif(track.target, ''), track.breaker) as target,
    track.labels,
    make_timestamptz(
        max(increase.until_us) filter (
            where track.detail['outcome'] in ('success', 'cache_hit')
                -- Named, the target is who answered instead; a breaker's fallback is no answer of what it guards.
                or (track.detail['outcome'] = 'fallback' and track.target <> '')
        )
    ) as last_served_at
from raw.tracks as track
semi join facts_scope using (environment, service)
left join facts_increases as increase using (track_id)
where track.kind = 'requests'
    and (track.target <> '' or track.breaker <> '')
group by all
union all
select
    environment,
    service,
    operation,
    coalesce(nullif(target, ''), breaker) as target,
    labels,
    make_timestamptz(max(ended_us) filter (where outcome in ('success', 'cache_hit', 'fallback'))) as last_served_at
from facts_calls
where target <> '' or breaker <> ''
group by all

-- step: stood_in
-- Where a service declares one standby ($services and $targets are parallel), what answered instead was that one, though
-- nobody names it.
with declared as (
    select unnest($services::varchar[]) as service, unnest($targets::varchar[]) as target
)
select
    track.environment,
    track.service,
    '' as operation,
    declared.target,
    map {} as labels,
    make_timestamptz(max(increase.until_us)) as last_served_at
from raw.tracks as track
join declared using (service)
semi join facts_scope using (environment, service)
join facts_increases as increase using (track_id)
where track.kind = 'requests'
    and track.target = ''
    and track.detail['outcome'] in ('fallback', 'cache_stale')
group by track.environment, track.service, declared.target

-- step: took_over
select environment, service, operation, to_target as target, labels, max(served_at) as last_served_at
from kept.failovers
where to_target <> ''
group by all

-- step: kept_targets
select environment, service, operation, target, labels, role, last_served_at
from kept.targets

-- step: kept_anew
-- Targets whose last good answer lies in the spans just counted: what is counted there now says it anew.
select target.environment, target.service, target.operation, target.target, target.labels
from kept.targets as target
semi join facts_scope as scope
    on scope.environment = target.environment
    and scope.service = target.service
    and epoch_us(target.last_served_at) between scope.from_us and scope.to_us

-- step: environments
select distinct environment
from raw.tracks
where service = $service
order by environment
