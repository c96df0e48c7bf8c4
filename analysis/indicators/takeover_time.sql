-- From an injected fault to the first good answer by another target.

-- step: failovers
-- With when the good answer came, by all sources that saw it.
select
    failover.environment,
    failover.service,
    failover.operation,
    failover.from_target,
    epoch_us(coalesce(failover.failed_at, failover.served_at)) as failed_us,
    coalesce(epoch_us(max(sighting.served_earliest)), epoch_us(failover.served_at)) as earliest_us,
    coalesce(epoch_us(min(sighting.served_latest)), epoch_us(failover.served_at)) as latest_us
from failovers as failover
left join failover_sightings as sighting
    on sighting.environment is not distinct from failover.environment
    and sighting.service is not distinct from failover.service
    and coalesce(sighting.operation, failover.operation, '') = coalesce(failover.operation, '')
    and coalesce(sighting.from_target, failover.from_target, '') = coalesce(failover.from_target, '')
    and coalesce(sighting.to_target, failover.to_target, '') = coalesce(failover.to_target, '')
    and sighting.served_earliest - interval 250 milliseconds <= failover.served_at
    and sighting.served_latest + interval 250 milliseconds >= failover.served_at
where failover.served_at >= make_timestamptz($from_us) and failover.served_at < make_timestamptz($to_us)
group by
    failover.environment,
    failover.service,
    failover.operation,
    failover.from_target,
    failover.to_target,
    failover.failed_at,
    failover.served_at
order by failover.served_at

-- step: failures
-- Where nobody took over.
-- include: failures_between.sql
