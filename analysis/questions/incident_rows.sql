-- The transitions behind an episode: those of its breaker from its opening to its closing, bounds included.
select
    instance, from_state, to_state, occurred_at, occurred_earliest, occurred_latest, sources,
    coalesce(inferred, false) as inferred, coalesce(clock_skew, false) as clock_skew
from breaker_transitions
where environment = $environment
    and service = $service
    and breaker = $breaker
    and occurred_latest >= $start
    and occurred_earliest <= $end
order by occurred_at, occurred_latest, instance
