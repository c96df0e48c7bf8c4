-- The environments, and from when to when each has been seen at all. That a log was quiet is seen, but nothing recorded.
with seen as (
    select
        environment, started_at as first_seen, ended_at as last_seen,
        case when instance is null then started_at else ended_at end as recorded_until
    from coverage
    where covered
    union all
    select environment, occurred_earliest, occurred_latest, occurred_latest from breaker_transitions
    union all
    select environment, since, since, since from breaker_states
    union all
    select environment, started_at, coalesce(ended_at, started_at), coalesce(ended_at, started_at)
    from service_level_spells
)
select
    environment,
    min(first_seen) as first_seen,
    max(last_seen) as last_seen,
    max(recorded_until) as recorded_until
from seen
where environment is not null
group by environment
order by environment
