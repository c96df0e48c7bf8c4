-- The share of a span that each source covered, over all services it has ever seen, within their own life.
with spans as (
    select
        source, coalesce(service, '') as service, coalesce(instance, '') as instance, covered,
        greatest(started_at, $start) as began, least(ended_at, $end) as ended
    from coverage
    where environment = $environment and started_at < $end and ended_at > $start
),
lives as (
    select
        source, service, instance,
        min(began) as born,
        sum(epoch(ended) - epoch(began)) filter (where covered) as covered_s
    from spans
    group by source, service, instance
)
select
    source,
    least(1.0, sum(coalesce(covered_s, 0)) / nullif(sum(epoch($end::timestamptz) - epoch(born)), 0)) as share,
    min(born) as seen_from
from lives
group by source
order by share, source
