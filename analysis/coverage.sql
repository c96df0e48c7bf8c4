-- When each source saw each service, and each instance of it: spells that touch are one.
-- step: services
with seen as (
    select source, environment, service, '' as instance, started_at, max(ended_at) as ended_at
    from coverage
    where covered and service is not null
    group by source, environment, service, started_at
),
edges as (
    select
        *,
        coalesce(started_at > max(ended_at) over (
            partition by source, environment, service
            order by started_at
            rows between unbounded preceding and 1 preceding
        ), true) as is_start
    from seen
),
islands as (
    select
        *,
        count_if(is_start) over (
            partition by source, environment, service order by started_at rows unbounded preceding
        ) as island
    from edges
)
select
    source,
    environment,
    service,
    instance,
    epoch_us(min(started_at)) as first_us,
    epoch_us(max(ended_at)) as last_us
from islands
group by source, environment, service, instance, island
order by environment, service, first_us, last_us, source

-- step: instances
select
    source,
    environment,
    service,
    instance,
    epoch_us(started_at) as first_us,
    epoch_us(ended_at) as last_us
from coverage
where covered and service is not null and instance is not null
order by environment, service, instance, first_us, last_us, source
