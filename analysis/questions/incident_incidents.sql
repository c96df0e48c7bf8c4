-- The incidents of an episode, one per instance and opening.
select
    coalesce(instance, '') as instance, opened_at, opened_earliest, opened_latest,
    closed_at, closed_earliest, closed_latest, duration_s, duration_low_s, duration_high_s,
    idle_open_s, reopenings, status
from breaker_incidents
where environment = $environment and episode_id::varchar = $episode_id
order by opened_at, instance
