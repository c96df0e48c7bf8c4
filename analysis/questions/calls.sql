-- How calls of a service ended in a span, by outcome.
select outcome, sum(count) as calls
from request_counts
where environment = $environment
    and service = $service
    and bucket_start < $end
    and bucket_start + to_seconds(bucket_s::double) > $start
group by outcome
