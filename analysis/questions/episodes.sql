-- Breaker episodes that touch a span, newest first; each filter is left out where it is null.
select
    episode_id, service, breaker,
    opened_at, opened_earliest, opened_latest,
    closed_at, closed_earliest, closed_latest,
    duration_s, duration_low_s, duration_high_s,
    openings, promql_openings, instances_hit, instances_seen, calls_rejected, healed_by, status
from breaker_episodes
where environment = $environment
    and opened_at < $end
    and (closed_at is null or closed_at >= $start)
    and ($service::varchar is null or service = $service)
    and ($breaker::varchar is null or breaker = $breaker)
    and ($status::varchar is null or status = $status)
    and ($episode_id::varchar is null or episode_id::varchar = $episode_id)
    and ($least_s::double is null or coalesce(duration_s, epoch($as_of::timestamptz) - epoch(opened_at)) >= $least_s)
    and ($words::varchar is null or contains(lower(service || ' ' || breaker || ' ' || coalesce(healed_by, '')), lower($words)))
order by opened_at desc, service, breaker
