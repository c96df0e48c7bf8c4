-- Whose behaviour has to be looked at again.

-- step: moved
-- Breakers and components with news, and services with a breaker that is open or half-open: what goes on gets older.
select distinct environment, service
from raw.stale_subjects
where domain in ('breaker', 'health') and service <> ''
union
select distinct environment, service
from kept.breaker_states
where state in ('open', 'half_open')
union
-- A component's health bears on the breakers that guard it.
select distinct breaker.environment, breaker.service
from kept.breaker_states as breaker
join raw.stale_subjects as mark
    on mark.domain = 'health' and mark.environment = breaker.environment and mark.name = breaker.breaker
order by all

-- step: lines
select environment, service, from_us, to_us
from raw.stale_sightings
where kind = 'retry_attempt'
order by all

-- step: failing
-- Services with breakers whose calls failed.
select distinct track.environment, track.service
from raw.stale_counters as mark
join raw.tracks as track using (track_id)
where track.kind = 'requests' and track.breaker <> '' and track.detail['outcome'] in ('failure', 'timeout')
order by all

-- step: standbys
select distinct environment, service
from kept.targets
where role = 'fallback'
order by all

-- step: everybody
select distinct environment, service from kept.breaker_states
union
select distinct environment, service from kept.retry_attempts
union
select distinct environment, service from kept.targets
union
select distinct environment, service from kept.findings where list_contains($kinds::varchar[], kind)
order by all
