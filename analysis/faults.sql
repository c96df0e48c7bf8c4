-- The faults of experiments, and what is needed to tell whom they concern.

-- step: faults
select
    environment,
    experiment_id,
    service,
    target,
    phase,
    epoch_us(injected_at) as injected_us,
    epoch_us(removed_at) as removed_us
from experiment_faults
where injected_at is not null
order by injected_at, experiment_id, phase, target

-- step: dependencies
select environment, service, unnest(depends_on) as needed
from services
where len(depends_on) > 0

-- step: names
-- What each service is known to have or to call, by any name that a fault's target could go by.
select service, target as name from targets where service is not null and target is not null
union
select service, component as name from health_states where service is not null and component is not null
union
select service, breaker as name from breaker_states where service is not null and breaker is not null
