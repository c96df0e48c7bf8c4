-- Sources that do not see a service now although they once did: silent since the end of the last covered spell.
with seen as (
    select source, service, max(ended_at) filter (where covered) as seen_until
    from coverage
    where environment = $environment
    group by source, service
)
select source, service, seen_until as since
from seen
where seen_until < $as_of::timestamptz - to_seconds($patience_s::double)
order by seen_until, source, service
