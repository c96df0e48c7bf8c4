-- Changes of health near an episode.
select component, coalesce(instance, '') as instance, from_state, to_state, occurred_at
from health_changes
where environment = $environment
    and (len($services::varchar[]) = 0 or list_contains($services::varchar[], service))
    and occurred_at between $start and $end
order by occurred_at, component
limit 200
