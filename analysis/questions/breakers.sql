-- One row per breaker: its worst state now over all instances, and since when.
with instances as (
    select
        service, breaker, state, since, since_earliest, since_latest,
        case state when 'open' then 0 when 'forced_open' then 1 when 'half_open' then 2 when 'disabled' then 3
            when 'metrics_only' then 4 else 5 end as rank
    from breaker_states
    where environment = $environment
),
ranked as (
    select *, min(rank) over (partition by service, breaker) as worst
    from instances
)
select
    service, breaker,
    arg_min(state, rank) as state,
    min(since) filter (where rank = worst) as since,
    arg_min(since_earliest, since) filter (where rank = worst) as since_earliest,
    arg_min(since_latest, since) filter (where rank = worst) as since_latest,
    count(*) as instances_seen,
    count(*) filter (where rank <= 2) as instances_hit
from ranked
group by service, breaker
order by service, breaker
