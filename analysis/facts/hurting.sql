-- What hurts a service beside calls that fail: levels below full, instances that are down, and what was written down.

-- step: services
-- Services whose $domain has news.
select distinct environment, service
from raw.stale_subjects
where domain = $domain
order by environment, service

-- step: everywhere
-- Services that ever said something of their health.
select distinct environment, service
from raw.tracks
where kind = 'health_state'
union
select distinct environment, service
from kept.health_changes
order by environment, service

-- step: members
-- The instances of a service by their health signals: how each was first seen, and when it was last. $words holds the state
-- words by their code.
select
    track.component,
    track.instance,
    track.labels,
    ($words::varchar[])[arg_min(run.value, run.first_us)::bigint + 1] as state,
    min(run.first_us) as first_us,
    max(run.last_us) as last_us
from raw.tracks as track
join raw.runs as run using (track_id)
where track.kind = 'health_state'
    and not isnan(run.value)
    and track.environment = $environment
    and track.service = $service
group by track.component, track.instance, track.labels
order by track.component, track.instance, track.labels

-- step: changes
select
    component,
    instance,
    labels,
    to_state as state,
    epoch_us(occurred_earliest) as earliest_us,
    epoch_us(occurred_latest) as latest_us
from kept.health_changes
where environment = $environment and service = $service
order by occurred_at, occurred_latest, component, instance, labels

-- step: imported
select
    environment,
    service,
    component,
    kind,
    origin,
    origin as cause,
    '' as level,
    coalesce(cause, '') as detail,
    started_at,
    started_at as started_earliest,
    started_at as started_latest,
    ended_at,
    ended_at as ended_earliest,
    ended_at as ended_latest,
    failed_requests,
    0.0 as settle_s,
    '' as experiment_id,
    labels
from kept.outages
where origin <> 'detected'
