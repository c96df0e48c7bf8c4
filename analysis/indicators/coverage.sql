-- When sources saw the services, and when they did not.
select environment, source, service, instance, started_at, ended_at, covered
from coverage
where (service = $service or $service is null)
    and started_at < make_timestamptz($to_us::bigint)
    and ended_at > make_timestamptz($from_us::bigint)
order by started_at, source
