-- When each service was seen by at least one source: covered spells that touch or overlap are one.
with spans as (
    select service, greatest(started_at, $start) as began, least(ended_at, $end) as ended
    from coverage
    where environment = $environment
        and covered
        and service is not null
        and started_at < $end
        and ended_at > $start
        and ($service::varchar is null or service = $service)
),
reach as (
    select
        service, began, ended,
        max(ended) over (partition by service order by began, ended rows between unbounded preceding and 1 preceding)
            as reached
    from spans
),
islands as (
    select
        service, began, ended,
        count(*) filter (where reached is null or began > reached)
            over (partition by service order by began, ended) as island
    from reach
)
select service, min(began) as started_at, max(ended) as ended_at
from islands
group by service, island
order by service, started_at
