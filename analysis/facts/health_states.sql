-- The state of every component after its last change, and the first in which it was seen.

-- step: stale
select distinct environment, service, name as component
from raw.stale_subjects
where domain = 'health'
order by environment, service, component

-- step: states
-- $words holds the state words by their code.
with scope as (
    select unnest($environments::varchar[]) as environment, unnest($services::varchar[]) as service,
        unnest($components::varchar[]) as component
),
sampled as (
    select
        track.environment, track.service, track.component, track.instance, track.labels,
        ($words::varchar[])[arg_min(run.value, run.first_us)::bigint + 1] as first_state,
        make_timestamptz(min(run.first_us)) as first_seen
    from raw.tracks as track
    join scope using (environment, service, component)
    join raw.runs as run using (track_id)
    where track.kind = 'health_state' and not isnan(run.value)
    group by track.environment, track.service, track.component, track.instance, track.labels
),
changed as (
    select
        change.environment, change.service, change.component, change.instance, change.labels,
        arg_max(change.to_state, change.occurred_at) as state,
        arg_min(change.from_state, change.occurred_at) as first_state,
        min(change.occurred_at) as first_seen
    from kept.health_changes as change
    join scope using (environment, service, component)
    group by change.environment, change.service, change.component, change.instance, change.labels
)
select
    environment, service, component, instance, labels,
    coalesce(changed.state, sampled.first_state) as state,
    coalesce(sampled.first_state, changed.first_state) as first_state,
    least(sampled.first_seen, changed.first_seen) as first_seen
from sampled
full join changed using (environment, service, component, instance, labels)
order by all
