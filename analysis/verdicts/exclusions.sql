-- Maintenance and exclusions that were declared as changes.
select
    environment,
    service,
    kind,
    epoch_us(occurred_at) as started_us,
    epoch_us(ended_at) as ended_us,
    actor,
    detail
from changes
where kind in ('maintenance', 'exclusion')
order by occurred_at, ended_at, environment, service, kind
