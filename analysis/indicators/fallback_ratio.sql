-- The share of calls that a fallback answered, whether counted as such or told besides.
-- include: counted.sql
,
answered as (
    select
        ask,
        coalesce(sum(value) filter (where outcome = 'fallback'), 0) as told,
        coalesce(sum(low) filter (where outcome = 'fallback'), 0) as told_low,
        coalesce(sum(high) filter (where outcome = 'fallback'), 0) as told_high,
        coalesce(sum(value) filter (where outcome = 'instead'), 0) as besides,
        coalesce(sum(low) filter (where outcome = 'instead'), 0) as besides_low,
        coalesce(sum(high) filter (where outcome = 'instead'), 0) as besides_high,
        coalesce(sum(value) filter (where outcome not in ('instead') and reading in ('good', 'bad')), 0) as calls,
        coalesce(sum(low) filter (where outcome not in ('instead') and reading in ('good', 'bad')), 0) as calls_low,
        coalesce(sum(high) filter (where outcome not in ('instead') and reading in ('good', 'bad')), 0) as calls_high
    from read
    where level = ''
    group by ask
)
-- Both are about the same calls: the one that counts more of them knows of more.
select
    ask,
    least(1, greatest(told, besides) / nullif(calls, 0)) as value,
    least(1, greatest(told_low, besides_low) / nullif(calls_high, 0)) as low,
    if(calls_low > 0, least(1, greatest(told_high, besides_high) / calls_low), 1) as high,
    least(calls, greatest(told, besides)) as hits,
    calls as n
from answered
where calls > 0
