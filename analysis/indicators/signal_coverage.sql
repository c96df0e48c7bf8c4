-- Which declared components of services have a health signal, or anything that tells of their health by name.
with declared as (
    select unnest($service::varchar[]) as service, unnest($component::varchar[]) as component
),
signals as (
    select environment, service, component, first_seen from health_states
    union all
    -- A service that is watched itself says of its own health.
    select environment, service, service as component, first_seen from health_states
)
select declared.service, declared.component, signals.environment, epoch_us(min(signals.first_seen)) as first_us
from declared
join signals
    on (signals.component = declared.component and signals.service = declared.service)
    or signals.service = declared.component
group by all
