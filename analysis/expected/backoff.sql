-- Waits of declared policies that surely are not as declared, by day, operation and how.
-- include: waits.sql
select
    ask, environment, service, operation, target, word,
    count(*) as broken,
    any_value(of_waits) as waits,
    epoch_us(min(occurred_at)) as from_us,
    epoch_us(max(occurred_at)) as until_us,
    arg_min(waited_s, occurred_at) as example_s,
    arg_min(place_of_wait, occurred_at) as example_place
from (
    select *, count(*) over (partition by ask, environment, service, operation, target) as of_waits
    from judged
    where declared or max_attempts is not null
)
where word not in ('kept', 'unknown')
group by ask, environment, service, operation, target, word
order by from_us, operation, word
