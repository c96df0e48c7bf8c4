-- Openings of breakers for the marks on the lanes, thinned: at most one per service and slice of the span.
select service, min(opened_at) as opened_at, count(*) as openings, arg_min(breaker, opened_at) as breaker
from breaker_episodes
where environment = $environment and opened_at >= $start and opened_at < $end
group by service, floor((epoch(opened_at) - epoch($start::timestamptz)) / $slice_s::double)
order by service, opened_at
