-- Releases between which our own figures are compared.

-- step: releases
select service, epoch_us(min(occurred_at)) as occurred_us, coalesce(revision, '') as revision
from changes
where kind = 'deploy' and service is not null and occurred_at >= make_timestamptz($since_us::bigint)
group by service, revision, coalesce(revision, epoch_us(occurred_at)::varchar)
order by service, occurred_us
