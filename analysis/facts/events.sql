-- What logs tell of the services with news. The same thing told by several sources is one.

-- step: stale
select distinct environment, service
from raw.stale_subjects
where domain = 'event'
order by environment, service

-- step: changes
-- Restarts are kept apart: processes tell of them as well.
select distinct
    environment,
    service,
    instance,
    detail['change'] as kind,
    make_timestamptz(occurred_us) as occurred_at,
    try_cast(detail['ended_at'] as timestamptz) as ended_at,
    coalesce(detail['revision'], '') as revision,
    coalesce(detail['actor'], '') as actor,
    coalesce(detail['text'], '') as detail,
    labels
from raw.sightings
where kind = 'change'
    and detail['change'] <> 'restart'
    and environment = $environment
    and service = $service
union
select
    environment,
    service,
    coalesce(detail['instance'], ''),
    detail['change'],
    make_timestamptz(started_us),
    make_timestamptz(ended_us),
    coalesce(detail['revision'], ''),
    coalesce(detail['actor'], ''),
    coalesce(detail['text'], ''),
    labels
from raw.records
where kind = 'change'
    and environment = $environment
    and service = $service
order by occurred_at, kind

-- step: kept_kinds
select distinct kind
from kept.changes
where environment = $environment and service = $service and kind <> 'restart'
