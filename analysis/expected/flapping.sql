-- Runs of openings from closed of one breaker, each with $times of them within $within_s, whatever the bounds allow.
with
-- include: breaker_spells.sql
,
openings as (
    select
        environment, service, breaker, instance, labels, from_earliest, from_latest,
        lag(from_earliest, $times::bigint - 1) over of_instance as first_earliest,
        lag(from_latest, $times::bigint - 1) over of_instance as first_latest
    from spells
    where state = 'open' and from_state = 'closed'
    window of_instance as (
        partition by environment, service, breaker, instance, labels order by from_earliest, from_latest
    )
),
dense as (
    select
        *,
        coalesce(first_latest > lag(from_latest) over of_instance, true) as is_start
    from openings
    where from_latest - first_earliest <= to_microseconds(($within_s::double * 1e6)::bigint)
    window of_instance as (
        partition by environment, service, breaker, instance, labels order by from_earliest, from_latest
    )
),
runs as (
    select *, count_if(is_start) over (
        partition by environment, service, breaker, instance, labels
        order by from_earliest, from_latest rows unbounded preceding
    ) as run
    from dense
)
select
    environment, service, breaker, instance, labels,
    epoch_us(min(first_latest)) as from_us,
    epoch_us(max(from_latest)) as until_us,
    count(*) + $times::bigint - 1 as openings
from runs
group by environment, service, breaker, instance, labels, run
order by from_us, breaker, instance
