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
-- Requests that failed in the minutes that each of some spans touches ($from_us, $to_us: parallel), as the outermost that
-- saw any tells it; no row where none was counted at all.
with spans as (
    select
        unnest(range(len($from_us::bigint[]))) as place,
        unnest($from_us::bigint[]) // 60000000 * 60000000 as from_us,
        unnest($to_us::bigint[]) as to_us
),
counted as (
    select
        spans.place,
        counts.vantage,
        coalesce(sum(counts.count) filter (where list_contains($bad::varchar[], counts.outcome)), 0)::bigint as failed
    from spans
    join request_counts as counts
        on counts.bucket_start >= make_timestamptz(spans.from_us)
        and counts.bucket_start < make_timestamptz(spans.to_us)
    where counts.service = $service
        and counts.environment is not distinct from nullif($environment, '')
    group by spans.place, counts.vantage
)
select place, failed
from counted
qualify row_number() over (
    partition by place order by list_position(['edge', 'server', 'client'], vantage)
) = 1
order by place
