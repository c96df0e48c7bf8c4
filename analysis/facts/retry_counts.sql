-- Retried work; calls and attempts stay apart. Log lines tell attempts.

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
    track.detail['unit'] as unit,
    coalesce(track.detail['outcome'], '') as outcome,
    sum(increase.count)::bigint as count,
    track.labels,
    track.breaker,
    'metrics' as counted_by,
    coalesce(track.detail['first_attempts'] = 'included', false) as first_attempts
from facts_increases as increase
join raw.tracks as track using (track_id)
join facts_scope as scope using (environment, service)
where track.kind = 'retries'
    and increase.bucket_us < scope.to_us
    and increase.bucket_us + increase.bucket_s * 1000000 > scope.from_us
group by all
union all
select
    told.environment,
    told.service,
    told.operation,
    coalesce(nullif(told.target, ''), told.breaker) as target,
    told.instance,
    make_timestamptz(told.occurred_us // 60000000 * 60000000) as bucket_start,
    60.0 as bucket_s,
    'attempts' as unit,
    coalesce(told.detail['outcome'], '') as outcome,
    count(*) as count,
    told.labels,
    told.breaker,
    'logs:' || coalesce(nullif(told.profile, ''), told.source) as counted_by,
    false as first_attempts
from raw.sightings as told
join facts_scope as scope using (environment, service)
where told.kind = 'retry_attempt'
    and told.occurred_us >= scope.from_us
    and told.occurred_us < scope.to_us
group by all
