-- Every breaker that is known, whether or not it ever left closed.
select distinct service || ' → ' || breaker as lane
from breaker_states
where environment = $environment and ($service::varchar is null or service = $service)
order by lane
