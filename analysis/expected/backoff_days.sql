-- Days with attempts of the services asked for, and the findings of other days, which stay.
-- step: days
with asked_services as (
    select unnest($environments::varchar[]) as environment, unnest($services::varchar[]) as service
)
select distinct attempt.environment, attempt.service, epoch_us(attempt.occurred_at) // 86400000000 * 86400000000 as day_us
from kept.retry_attempts as attempt
semi join asked_services using (environment, service)
order by all

-- step: kept
with asked_services as (
    select unnest($environments::varchar[]) as environment, unnest($services::varchar[]) as service
)
select
    environment, kind, service, subject, epoch_us(first_seen) as from_us, epoch_us(last_seen) as until_us, evidence, labels
from kept.findings
semi join asked_services using (environment, service)
where kind in ('backoff', 'jitter')
order by all
