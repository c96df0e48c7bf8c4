-- The episodes just before and just after one, of the same environment.
with ordered as (
    select
        episode_id::varchar as episode_id,
        lag(episode_id::varchar) over (order by opened_at, episode_id) as previous_id,
        lead(episode_id::varchar) over (order by opened_at, episode_id) as next_id
    from breaker_episodes
    where environment = $environment
)
select coalesce(previous_id, '') as previous_id, coalesce(next_id, '') as next_id
from ordered
where episode_id = $episode_id
