-- Calls by outcome and minute: from counters, and from log lines that tell calls one by one. What counts the same calls
-- once more (role besides: fallbacks, timeouts among the failures, calls by server) is kept apart, so that a plain sum of
-- the view is right; the total of all calls (role fire) is no outcome.

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
    track.detail['outcome'] as outcome,
    sum(increase.count)::bigint as count,
    track.labels,
    track.breaker,
    'metrics' as counted_by,
    coalesce(track.detail['role'], '') as role
from facts_increases as increase
join raw.tracks as track using (track_id)
join facts_scope as scope using (environment, service)
where track.kind = 'requests'
    and coalesce(track.detail['outcome'], '') <> ''
    and coalesce(track.detail['role'], '') in ('', 'besides')
    and increase.bucket_us < scope.to_us
    and increase.bucket_us + increase.bucket_s * 1000000 > scope.from_us
group by all
union all
select
    environment,
    service,
    operation,
    coalesce(nullif(target, ''), breaker) as target,
    instance,
    make_timestamptz(ended_us // 60000000 * 60000000) as bucket_start,
    60.0 as bucket_s,
    outcome,
    count(*) as count,
    labels,
    breaker,
    counted_by,
    '' as role
from facts_calls
group by all
