-- Calls of a service per slice of a span: answered, answered by something else, failed or refused.
select
    to_timestamp(floor(epoch(bucket_start) / $slice_s::double) * $slice_s::double) as slice_start,
    coalesce(sum(count) filter (where outcome = 'success'), 0)::bigint as good,
    coalesce(sum(count) filter (where outcome in ('fallback', 'cache_hit', 'cache_stale')), 0)::bigint as instead,
    coalesce(sum(count) filter (where outcome in ('failure', 'timeout', 'rate_limited')), 0)::bigint as failed,
    coalesce(sum(count) filter (where outcome in ('not_permitted', 'rejected')), 0)::bigint as refused
from request_counts
where environment = $environment
    and service = $service
    and bucket_start + to_seconds(bucket_s::double) > $start
    and bucket_start < $end
group by slice_start
order by slice_start
