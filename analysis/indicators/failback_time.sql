-- From a primary that is healthy again to its usual share of the calls.

-- step: falls
with
-- include: health_falls.sql

select
    row_number() over (order by ended_at, environment, service, name) as fall,
    environment,
    service,
    name,
    experiment_id,
    epoch_us(began_earliest) as down_us,
    epoch_us(ended_earliest) as earliest_us,
    epoch_us(ended_latest) as latest_us
from falls
where name is not null
    and ended_at >= make_timestamptz($from_us)
    and ended_at < make_timestamptz($to_us)

-- step: shares
-- Calls by minute: of the target and of all targets, an hour before it went down and up to a day after it was back.
with
-- include: health_falls.sql
,

returns as (
    select *, row_number() over (order by ended_at, environment, service, name) as fall
    from falls
    where name is not null
        and ended_at >= make_timestamptz($from_us)
        and ended_at < make_timestamptz($to_us)
)

select
    fall.fall,
    calls.operation,
    epoch_us(calls.bucket_start) as start_us,
    epoch_us(calls.bucket_start) + round(calls.bucket_s * 1000000)::bigint as end_us,
    coalesce(sum(calls.count) filter (where calls.target = fall.name), 0)::double as own,
    sum(calls.count)::double as total
from returns as fall
join request_counts as calls
    on calls.environment is not distinct from fall.environment
    and calls.service = fall.service
    and calls.target is not null
    and calls.bucket_start >= fall.began_at - interval 1 hour
    and calls.bucket_start < fall.ended_at + interval 1 day
group by fall.fall, calls.operation, calls.bucket_start, calls.bucket_s
order by fall.fall, calls.bucket_start
