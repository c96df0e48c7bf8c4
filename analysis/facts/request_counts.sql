-- Calls by outcome and minute: from counters, and from log lines that tell calls one by one. What counts the same calls
-- once more (role besides: fallbacks, timeouts among the failures, calls by server) is kept apart, so that a plain sum of
-- the view is right; the total of all calls (role fire) is no outcome. Of a whole only what its parts did not count is
-- left: compared bucket by bucket, and never below 0, for a server that is busy while it is scraped may show a part already
-- and the whole not yet.

-- step: spans
create or replace temp table fresh_spans as
select environment, service, from_us, to_us
from facts_scope

-- step: rows
create or replace temp table fresh_rows as
with tracks as (
    select
        *,
        coalesce(detail['outcome'], '') as outcome,
        coalesce(detail['role'], '') as role,
        coalesce(detail['whole'], '') as whole,
        coalesce(detail['part_of'], '') as part_of,
        coalesce(detail['vantage'], if(breaker <> '', 'client', 'server')) as vantage
    from raw.tracks
    where kind = 'requests'
),
counted as (
    select
        track.environment,
        track.service,
        track.operation,
        -- A breaker is named after what it guards; but a part is of the same calls as its whole, whatever counted it.
        if(track.part_of <> '', track.target, coalesce(nullif(track.target, ''), track.breaker)) as target,
        track.instance,
        increase.bucket_us,
        increase.bucket_s,
        track.outcome,
        sum(increase.count)::bigint as count,
        track.labels,
        if(track.part_of <> '', '', track.breaker) as breaker,
        track.role,
        track.vantage,
        track.scrape_target,
        track.whole,
        track.part_of
    from facts_increases as increase
    join tracks as track using (track_id)
    join facts_scope as scope using (environment, service)
    where track.outcome <> ''
        and track.role in ('', 'besides')
        and increase.bucket_us < scope.to_us
        and increase.bucket_us + increase.bucket_s * 1000000 > scope.from_us
    group by all
),
parts as (
    select environment, service, labels, scrape_target, part_of as whole, bucket_us, bucket_s, sum(count) as in_parts
    from counted
    where part_of <> ''
    group by all
)
select
    environment,
    service,
    operation,
    target,
    instance,
    make_timestamptz(bucket_us) as bucket_start,
    bucket_s,
    outcome,
    sum(count - least(count, coalesce(in_parts, 0)))::bigint as count,
    labels,
    breaker,
    'metrics' as counted_by,
    role,
    vantage
from counted
left join parts using (environment, service, labels, scrape_target, whole, bucket_us, bucket_s)
group by all
having sum(count - least(count, coalesce(in_parts, 0))) > 0
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
    '' as role,
    vantage
from facts_calls
group by all
