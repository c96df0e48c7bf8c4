-- From a dependency that is back to a queue that is as short again as before.

-- step: backs
-- When something that a service needs went away, and when it was back: faults, health, breakers.
select
    environment,
    service,
    target as name,
    experiment_id,
    'fault' as kind,
    epoch_us(injected_at) as gone_us,
    epoch_us(removed_at) as earliest_us,
    epoch_us(removed_at) as latest_us
from experiment_faults
where removed_at >= make_timestamptz($from_us) and removed_at < make_timestamptz($to_us)
union all
select
    environment,
    service,
    name,
    experiment_id,
    kind,
    epoch_us(began_earliest) as gone_us,
    epoch_us(ended_earliest) as earliest_us,
    epoch_us(ended_latest) as latest_us
from signals
where kind in ('health', 'breaker')
    and ended_at >= make_timestamptz($from_us)
    and ended_at < make_timestamptz($to_us)
order by latest_us, gone_us, kind, name

-- step: depths
select
    environment,
    service,
    instance,
    queue,
    kind,
    priority,
    epoch_us(sampled_at) as at_us,
    depth
from queue_depths
where kind <> 'dead_letter'
    and sampled_at >= make_timestamptz($from_us)
    and sampled_at < make_timestamptz($to_us)
order by environment, service, queue, kind, priority, instance, sampled_at
