-- Calls that a cache answered with what was no longer true.
-- include: counted.sql
select
    ask,
    coalesce(sum(value) filter (where outcome = 'cache_stale'), 0) as value,
    coalesce(sum(low) filter (where outcome = 'cache_stale'), 0) as low,
    coalesce(sum(high) filter (where outcome = 'cache_stale'), 0) as high,
    coalesce(sum(value), 0) as n
from counted
where level = '' and outcome <> 'instead'
group by ask
