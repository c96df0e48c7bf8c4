-- Spells away from closed, per breaker (whole episodes) or per instance (each state), that touch a span.
-- Where more than $most are found, those of one lane and slice become one bar: from the first start to the last end.
with moves as (
    select
        service || ' → ' || breaker || case when $by_instance then ' ' || coalesce(instance, '') else '' end as lane,
        service, breaker, to_state as state,
        occurred_at as started_at, occurred_earliest as started_earliest, occurred_latest as started_latest,
        lead(occurred_at) over whole as ended_at,
        lead(occurred_earliest) over whole as ended_earliest,
        lead(occurred_latest) over whole as ended_latest
    from breaker_transitions
    where environment = $environment
        and $by_instance
        and ($service::varchar is null or service = $service)
        and ($breaker::varchar is null or breaker = $breaker)
    window whole as (partition by service, breaker, coalesce(instance, '') order by position)
),
spells as (
    select moves.* exclude (service, breaker), episode.episode_id
    from moves
    asof left join (select * from breaker_episodes where environment = $environment) as episode
        on moves.service = episode.service
        and moves.breaker = episode.breaker
        and moves.started_at >= episode.opened_earliest
    where moves.state <> 'closed'
    union all
    select
        service || ' → ' || breaker, 'open', opened_at, opened_earliest, opened_latest,
        closed_at, closed_earliest, closed_latest, episode_id
    from breaker_episodes
    where environment = $environment
        and not $by_instance
        and ($service::varchar is null or service = $service)
        and ($breaker::varchar is null or breaker = $breaker)
),
touching as (
    select *, count(*) over () as found
    from spells
    where started_at < $end and (ended_at is null or ended_at > $start)
)
select
    lane,
    arg_min(state, started_at) as state,
    min(started_at) as started_at,
    min(started_earliest) as started_earliest,
    min(started_latest) as started_latest,
    case when count(*) = count(ended_at) then max(ended_at) end as ended_at,
    case when count(*) = count(ended_at) then max(ended_earliest) end as ended_earliest,
    case when count(*) = count(ended_at) then max(ended_latest) end as ended_latest,
    count(*) as spells,
    arg_min(episode_id, started_at) as episode_id
from touching
group by
    lane,
    case when found > $most
        then floor((epoch(started_at) - epoch($start::timestamptz)) / $slice_s::double) end,
    case when found <= $most then started_at end,
    case when found <= $most then state end
order by lane, started_at
