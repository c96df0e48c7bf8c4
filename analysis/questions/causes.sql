-- What was changed in a span, for the services named; the last one first.
select service, kind, occurred_at, coalesce(revision, '') as revision, coalesce(detail, '') as detail
from changes
where environment = $environment
    and occurred_at between $start and $end
    and (len($services::varchar[]) = 0 or list_contains($services::varchar[], service))
order by occurred_at desc, service, kind
