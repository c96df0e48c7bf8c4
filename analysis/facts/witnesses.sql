-- What each witness (metrics, or the log lines of a profile) counted of the same calls on each day that was touched.

-- step: days
-- Only of services that log lines tell of; elsewhere metrics are the only witness.
with told as (
    select environment, service from facts_calls
    union
    select environment, service from raw.stale_sightings
    union
    select environment, service from kept.count_witnesses
)
select
    scope.environment,
    scope.service,
    unnest(generate_series(scope.from_us // 86400000000, (scope.to_us - 1) // 86400000000)) * 86400000000 as day_us
from facts_scope as scope
semi join told using (environment, service)
order by all

-- step: request_counts
select breaker, vantage, '' as operation, labels, counted_by, sum(count)::bigint as count
from kept.request_counts
where environment = $environment
    and service = $service
    and bucket_start >= make_timestamptz($from_us)
    and bucket_start < make_timestamptz($to_us)
    and role = ''
group by all

-- step: retry_counts
-- Lines tell attempts; what counters say of calls has no other witness. One service may retry this operation with one
-- library and that with another.
select breaker, '' as vantage, operation, labels, counted_by, sum(count)::bigint as count
from kept.retry_counts
where environment = $environment
    and service = $service
    and bucket_start >= make_timestamptz($from_us)
    and bucket_start < make_timestamptz($to_us)
    and unit = 'attempts'
group by all

-- step: latency_histograms
select breaker, '' as vantage, '' as operation, labels, counted_by, sum(count)::bigint as count
from kept.latency_histograms
where environment = $environment
    and service = $service
    and bucket_start >= make_timestamptz($from_us)
    and bucket_start < make_timestamptz($to_us)
    and upper_bound_s = 'inf'::double
group by all
