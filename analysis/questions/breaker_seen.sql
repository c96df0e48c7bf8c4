-- When each breaker was watched by a source that can see it: covered spells that touch or overlap are one.
with watched as (
    select distinct service, breaker, unnest(sources) as source
    from breaker_states
    where environment = $environment
        and ($service::varchar is null or service = $service)
        and ($breaker::varchar is null or breaker = $breaker)
),
spans as (
    select
        watched.service || ' → ' || watched.breaker as name,
        greatest(coverage.started_at, $start) as began,
        least(coverage.ended_at, $end) as ended
    from coverage
    join watched on watched.service = coverage.service and watched.source = coverage.source
    where coverage.environment = $environment
        and coverage.covered
        and coverage.started_at < $end
        and coverage.ended_at > $start
),
reach as (
    select
        name, began, ended,
        max(ended) over (partition by name order by began, ended rows between unbounded preceding and 1 preceding)
            as reached
    from spans
),
islands as (
    select
        name, began, ended,
        count(*) filter (where reached is null or began > reached) over (partition by name order by began, ended)
            as island
    from reach
)
select name, min(began) as started_at, max(ended) as ended_at
from islands
group by name, island
order by name, started_at
