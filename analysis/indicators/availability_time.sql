-- What hurt services in the time asked for, each reason by itself; united over the settle time by the caller.
select *
from outage_spells
where started_earliest < make_timestamptz($to_us::bigint)
    and (ended_latest is null or ended_latest > make_timestamptz($from_us::bigint))
order by started_at
