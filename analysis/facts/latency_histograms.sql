-- Calls by the upper bound of their duration, cumulative as they were exported; of log lines that tell durations, by the
-- bounds that Prometheus clients use by default.

-- step: spans
create or replace temp table fresh_spans as
select environment, service, from_us, to_us
from facts_scope

-- step: rows
create or replace temp table fresh_rows as
select
    track.environment,
    track.service,
    track.operation,
    -- A breaker is named after what it guards.
    coalesce(nullif(track.target, ''), track.breaker) as target,
    track.instance,
    make_timestamptz(increase.bucket_us) as bucket_start,
    increase.bucket_s,
    track.detail['upper_bound_s']::double as upper_bound_s,
    sum(increase.count)::bigint as count,
    track.labels,
    track.breaker,
    'metrics' as counted_by
from facts_increases as increase
join raw.tracks as track using (track_id)
join facts_scope as scope using (environment, service)
where track.kind = 'latency'
    and increase.bucket_us < scope.to_us
    and increase.bucket_us + increase.bucket_s * 1000000 > scope.from_us
group by all
union all
select
    call.environment,
    call.service,
    call.operation,
    coalesce(nullif(call.target, ''), call.breaker) as target,
    call.instance,
    make_timestamptz(call.ended_us // 60000000 * 60000000) as bucket_start,
    60.0 as bucket_s,
    bound.upper_bound_s,
    count(*) as count,
    call.labels,
    call.breaker,
    call.counted_by
from facts_calls as call
join (
    select
        unnest(
            '[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, inf]'::double[]
        ) as upper_bound_s
) as bound
    on call.duration_s <= bound.upper_bound_s
group by all
