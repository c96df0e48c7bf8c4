-- Breakers that are not closed now; one row per breaker, with how many instances of those seen.
select
    service, breaker,
    count(*) filter (where state in ('open', 'half_open', 'forced_open')) as instances_hit,
    count(*) as instances_seen,
    min(since) filter (where state in ('open', 'half_open', 'forced_open')) as since,
    min(since_earliest) filter (where state in ('open', 'half_open', 'forced_open')) as since_earliest,
    min(since_latest) filter (where state in ('open', 'half_open', 'forced_open')) as since_latest
from breaker_states
where environment = $environment
group by service, breaker
having instances_hit > 0
order by since, service, breaker
