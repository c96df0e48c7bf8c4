-- The incidents of services that have ended, and what ended them.

-- step: outages
-- include: outages_between.sql

-- step: failures
-- include: failures_between.sql

-- step: episodes
-- include: episodes_between.sql

-- step: healed
-- What healed the outages, as they are kept by the default policy.
select
    environment,
    service,
    epoch_us(started_at) as started_us,
    epoch_us(ended_at) as ended_us,
    healed_by
from outages
where started_at < make_timestamptz($to_us)
    and coalesce(ended_at, 'infinity'::timestamptz) >= make_timestamptz($from_us)
