-- The incidents of services that have ended, and what ended them.

-- step: outages
-- include: outages_between.sql

-- step: failures
-- include: failures_between.sql

-- step: episodes
-- include: episodes_between.sql

-- step: changes
-- What may have healed them.
select environment, service, kind, epoch_us(occurred_at) as occurred_us, labels
from changes
where kind in ('deploy', 'restart', 'config', 'flag', 'scale')
    and occurred_at >= make_timestamptz($from_us)
    and occurred_at < make_timestamptz($to_us)
