-- Requests by the upper bound of their duration, cumulative as they were exported.

-- step: fresh
create or replace temp table facts_fresh as
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
    track.labels
from facts_increases as increase
join raw.tracks as track using (track_id)
join facts_scope as scope using (environment, service)
where track.kind = 'latency'
    and increase.bucket_us < scope.to_us
    and increase.bucket_us + increase.bucket_s * 1000000 > scope.from_us
group by all

-- step: changed
-- From where to where the rows of the stale span differ from those that are kept; NULL where they do not.
with kept_rows as (
    select kept.*
    from kept.latency_histograms as kept
    join facts_scope as scope using (environment, service)
    where kept.bucket_start < make_timestamptz(scope.to_us)
        and kept.bucket_start + to_seconds(kept.bucket_s) > make_timestamptz(scope.from_us)
),
differences as (
    (select * from kept_rows except all select * from facts_fresh)
    union all
    (select * from facts_fresh except all select * from kept_rows)
)
select
    epoch_us(min(bucket_start)) as from_us,
    epoch_us(max(bucket_start + to_seconds(bucket_s))) as to_us
from differences

-- step: delete
-- Forget what is kept of the stale span; the fresh rows take its place.
delete from kept.latency_histograms as kept
using facts_scope as scope
where kept.environment = scope.environment
    and kept.service = scope.service
    and kept.bucket_start < make_timestamptz(scope.to_us)
    and kept.bucket_start + to_seconds(kept.bucket_s) > make_timestamptz(scope.from_us)

-- step: insert
insert into kept.latency_histograms by name
select * from facts_fresh
