-- What hurt services in a span, each reason by itself.
select *
from outage_spells
where started_earliest < make_timestamptz($to_us)
    and coalesce(ended_latest, 'infinity'::timestamptz) >= make_timestamptz($from_us)
