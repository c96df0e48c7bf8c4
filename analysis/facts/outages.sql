-- Outages of services: their spells, and what is known of the time in which they lasted.

-- step: going_on
-- Services whose outage may be over by now, though nothing new hurt them.
select distinct environment, service
from kept.outages
where origin = 'detected' and status = 'ongoing'
order by environment, service

-- step: known
select distinct environment, service
from kept.outage_spells
where origin = 'detected'
order by environment, service

-- step: explained
-- Services with an outage of which something was told that may have healed it.
select distinct environment, service
from raw.stale_subjects
semi join kept.outages using (environment, service)
where domain = 'event'
order by environment, service

-- step: spells
select *
from kept.outage_spells
where origin = 'detected' and environment = $environment and service = $service

-- step: seen
select epoch_us(max(ended_at)) as seen_us
from kept.coverage
where covered and environment = $environment and service = $service

-- step: changes
-- What may have healed an outage of the service.
select kind, epoch_us(occurred_at) as occurred_us, labels
from kept.changes
where environment = $environment
    and service = $service
    and kind in ('deploy', 'restart', 'config', 'flag', 'scale')
order by occurred_at, kind

-- step: failed
-- Requests that failed in the minutes that a span touches; NULL where none was counted at all.
select
    sum(count) filter (where list_contains($bad::varchar[], outcome))::bigint as failed,
    sum(count)::bigint as counted
from request_counts
where coalesce(environment, '') = $environment
    and coalesce(service, '') = $service
    and bucket_start < make_timestamptz($to_us::bigint)
    and bucket_start >= make_timestamptz($from_us // 60000000 * 60000000)
