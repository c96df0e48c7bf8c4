-- How long breakers took to recover, by service and the day (UTC) on which they opened.
-- An incident begins with the first edge into open and ends with the next one into closed; reopenings are inside it.

-- step: from_transitions
with edges as (
    select
        environment,
        service,
        hash(environment, service, breaker, instance, labels) as series,
        position,
        epoch_us(occurred_at) as at_us,
        to_state = 'open' as opens
    from breaker_transitions
    -- What came back from half_open to open was open before, wherever its history does not begin there.
    where to_state = 'closed' or (to_state = 'open' and (from_state is distinct from 'half_open' or position < 2))
),
paired as (
    select
        environment,
        service,
        at_us,
        opens,
        lag(opens) over in_order as was_open,
        lead(if(opens, null, at_us) ignore nulls) over in_order as closed_us
    from edges
    window in_order as (partition by series order by position)
)
select
    environment,
    service,
    at_us // 86400000000 as day,
    count(closed_us) as recovered,
    count(*) - count(closed_us) as ongoing,
    avg(closed_us - at_us) / 1e6 as mean_s,
    median(closed_us - at_us) / 1e6 as median_s,
    max(closed_us - at_us) / 1e6 as longest_s
from paired
where opens and was_open is distinct from true
group by environment, service, day
order by environment, service, day

-- step: from_incidents
select
    environment,
    service,
    epoch_us(opened_at) // 86400000000 as day,
    count(duration_s) as recovered,
    count(*) - count(duration_s) as ongoing,
    avg(duration_s) as mean_s,
    median(duration_s) as median_s,
    max(duration_s) as longest_s
from breaker_incidents
group by environment, service, day
order by environment, service, day
