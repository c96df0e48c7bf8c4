-- The share of calls that a cache answered, fresh or stale.
-- include: counted.sql
,
cached as (
    select
        ask,
        sum(value) filter (where outcome in ('cache_hit', 'cache_stale')) as hit,
        sum(low) filter (where outcome in ('cache_hit', 'cache_stale')) as hit_low,
        sum(high) filter (where outcome in ('cache_hit', 'cache_stale')) as hit_high,
        sum(value) filter (where outcome not in ('cache_hit', 'cache_stale')) as other,
        sum(low) filter (where outcome not in ('cache_hit', 'cache_stale')) as other_low,
        sum(high) filter (where outcome not in ('cache_hit', 'cache_stale')) as other_high
    from read
    where level = '' and reading in ('good', 'bad')
    group by ask
)
select
    ask,
    coalesce(hit, 0) / nullif(coalesce(hit, 0) + coalesce(other, 0), 0) as value,
    coalesce(hit_low, 0) / nullif(coalesce(hit_low, 0) + coalesce(other_high, 0), 0) as low,
    coalesce(hit_high, 0) / nullif(coalesce(hit_high, 0) + coalesce(other_low, 0), 0) as high,
    coalesce(hit, 0) as hits,
    coalesce(hit, 0) + coalesce(other, 0) as n
from cached
