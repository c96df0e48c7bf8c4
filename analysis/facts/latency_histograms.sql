-- Calls by the upper bound of their duration, cumulative as they were exported; of log lines that tell durations, by the
-- bounds that Prometheus clients use by default. The bound below the lowest that counted any has a row too, with none:
-- without it nobody would know how short the shortest of them can have been.

-- step: spans
create or replace temp table fresh_spans as
select environment, service, from_us, to_us
from facts_scope

-- step: rows
create or replace temp table fresh_rows as
with exported as (
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
        track.breaker
    from facts_increases as increase
    join raw.tracks as track using (track_id)
    join facts_scope as scope using (environment, service)
    where track.kind = 'latency'
        and increase.bucket_us < scope.to_us
        and increase.bucket_us + increase.bucket_s * 1000000 > scope.from_us
    group by all
),

bounds as (
    select distinct
        environment,
        service,
        operation,
        coalesce(nullif(track.target, ''), track.breaker) as target,
        instance,
        detail['upper_bound_s']::double as upper_bound_s,
        labels,
        breaker
    from raw.tracks as track
    where kind = 'latency' and exists (from exported)
),

lowest as (
    select
        environment,
        service,
        operation,
        target,
        instance,
        bucket_start,
        bucket_s,
        min(upper_bound_s) as lowest_s,
        labels,
        breaker
    from exported
    group by all
)

select *, 'metrics' as counted_by
from exported
union all by name
select
    lowest.environment,
    lowest.service,
    lowest.operation,
    lowest.target,
    lowest.instance,
    lowest.bucket_start,
    lowest.bucket_s,
    max(bounds.upper_bound_s) as upper_bound_s,
    0::bigint as count,
    lowest.labels,
    lowest.breaker,
    'metrics' as counted_by
from lowest
join bounds using (environment, service, operation, target, instance, labels, breaker)
where bounds.upper_bound_s < lowest.lowest_s
group by all
union all by name
select
    call.environment,
    call.service,
    call.operation,
    coalesce(nullif(call.target, ''), call.breaker) as target,
    call.instance,
    make_timestamptz(call.ended_us // 60000000 * 60000000) as bucket_start,
    60.0 as bucket_s,
    bound.upper_bound_s,
    count(*) filter (where call.duration_s <= bound.upper_bound_s) as count,
    call.labels,
    call.breaker,
    call.counted_by
from facts_calls as call
join (
    select
        unnest(
            '[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, inf]'::double[]
        ) as upper_bound_s,
        unnest(
            '[0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, inf, inf]'::double[]
        ) as next_bound_s
) as bound
    on call.duration_s <= bound.next_bound_s
group by all
