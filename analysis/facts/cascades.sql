-- What shows that a component was hurt, and what kept its dependants from being hurt.

-- step: fingerprint
-- Changes when any outage or experiment does.
select
    (select count(*) || '/' || coalesce(bit_xor(hash(
        environment, outage_id, service, component, kind, started_earliest, started_latest, ended_earliest,
        ended_latest, failed_requests, experiment_id, labels
    )), 0) from kept.outages)
    || ' ' ||
    (select count(*) || '/' || coalesce(bit_xor(hash(environment, experiment_id, target, fault_effective)), 0)
    from kept.experiments) as fingerprint

-- step: signs
-- Outages of services, and what health signals, breakers and experiments say of components that others depend on.
with components as (
    select unnest($components::varchar[]) as component
),
down as (
    select
        environment, component, labels, to_state,
        occurred_earliest, occurred_latest,
        lead(occurred_earliest) over of_instance as ended_earliest,
        lead(occurred_latest) over of_instance as ended_latest
    from kept.health_changes
    semi join components using (component)
    window of_instance as (partition by environment, service, component, instance, labels order by occurred_at)
)
select
    environment,
    service as component,
    epoch_us(coalesce(started_earliest, started_at)) as start_earliest_us,
    epoch_us(coalesce(started_latest, started_at)) as start_latest_us,
    epoch_us(coalesce(ended_earliest, ended_at)) as end_earliest_us,
    epoch_us(coalesce(ended_latest, ended_at)) as end_latest_us,
    true as outage,
    -- A level that was lowered while nothing failed is what kept its callers from being hurt.
    not (kind = 'degraded' and origin = 'detected' and coalesce(failed_requests, 0) = 0 and exists (
        from kept.outage_spells as spell
        where spell.environment = outage.environment and spell.service = outage.service and spell.cause = 'level'
            and spell.started_at >= coalesce(outage.started_earliest, outage.started_at)
            and (outage.ended_at is null or spell.started_at <= coalesce(outage.ended_latest, outage.ended_at))
    )) as spreads,
    coalesce(experiment_id, '') as experiment_id,
    labels
from kept.outages as outage
where service <> ''
union all
select
    environment, component, epoch_us(coalesce(started_earliest, started_at)),
    epoch_us(coalesce(started_latest, started_at)), epoch_us(coalesce(ended_earliest, ended_at)),
    epoch_us(coalesce(ended_latest, ended_at)), false, true, coalesce(experiment_id, ''), labels
from kept.outages
semi join components using (component)
where component <> service
union all
select
    environment, component, epoch_us(occurred_earliest), epoch_us(occurred_latest), epoch_us(ended_earliest),
    epoch_us(ended_latest), false, true, '', labels
from down
where to_state = 'down'
union all
select
    environment, breaker, epoch_us(opened_earliest), epoch_us(opened_latest), epoch_us(closed_earliest),
    epoch_us(closed_latest), false, true, coalesce(experiment_id, ''), labels
from kept.breaker_episodes
where breaker in (select component from components)
union all
-- Without an effect a fault hurt nothing.
select
    fault.environment, fault.target, epoch_us(fault.injected_at), epoch_us(fault.injected_at),
    epoch_us(fault.removed_at), epoch_us(fault.removed_at), false, true, fault.experiment_id, fault.labels
from kept.experiment_faults as fault
left join kept.experiments as experiment using (environment, experiment_id)
where fault.target in (select component from components)
    and experiment.fault_effective is distinct from false
order by start_earliest_us

-- step: held
-- What was at work at a dependant while what it depends on was hurt.
with spared as (
    select
        unnest($place::bigint[]) as place,
        unnest($environment::varchar[]) as environment,
        unnest($service::varchar[]) as service,
        unnest($component::varchar[]) as component,
        make_timestamptz(unnest($from_us::bigint[])) as from_time,
        make_timestamptz(unnest($to_us::bigint[])) as to_time
)
select spared.place, 'breaker' as held_by
from spared
semi join kept.breaker_episodes as episode
    on episode.environment = spared.environment and episode.service = spared.service
    and episode.breaker = spared.component
    and episode.opened_earliest <= spared.to_time
    and coalesce(episode.closed_latest, spared.to_time) >= spared.from_time
union all
select spared.place, 'fallback'
from spared
semi join kept.failovers as failover
    on failover.environment = spared.environment and failover.service = spared.service
    and failover.from_target = spared.component
    and failover.served_at between spared.from_time and spared.to_time
union all
select spared.place, 'fallback'
from spared
semi join kept.request_counts as counts
    on counts.environment = spared.environment and counts.service = spared.service
    and spared.component in (counts.target, counts.breaker)
    and counts.outcome in ('fallback', 'cache_hit', 'cache_stale')
    and counts.count > 0
    and counts.bucket_start <= spared.to_time
    and counts.bucket_start + to_microseconds((counts.bucket_s * 1e6)::bigint) >= spared.from_time
union all
select spared.place, 'level'
from spared
semi join kept.outage_spells as spell
    on spell.environment = spared.environment and spell.service = spared.service
    and spell.cause = 'level'
    and spell.started_at between spared.from_time and spared.to_time
order by place, held_by
