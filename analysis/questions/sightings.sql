-- What each source saw of one breaker by itself near an episode; a quarter of a second of clock difference is allowed.
select
    source, coalesce(instance, '') as instance, to_state,
    occurred_at, occurred_earliest, occurred_latest, coalesce(inferred, false) as inferred
from breaker_sightings
where environment = $environment
    and service = $service
    and breaker = $breaker
    and occurred_latest >= $start::timestamptz - interval 250 millisecond
    and occurred_earliest <= $end::timestamptz + interval 250 millisecond
order by source, instance, position
