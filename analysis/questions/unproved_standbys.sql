-- Standbys and fallbacks that have not served anything for 90 days, or never.
select service, target, role, last_served_at
from targets
where environment = $environment
    and role in ('standby', 'fallback', 'secondary', 'replica')
    and (last_served_at is null or last_served_at < $as_of::timestamptz - interval 90 day)
order by service, target
