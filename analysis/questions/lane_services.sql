-- Every service of an environment that any view knows of.
select service
from (
    select service from coverage where environment = $environment
    union
    select service from service_level_spells where environment = $environment
    union
    select service from breaker_states where environment = $environment
    union
    select service from breaker_episodes where environment = $environment
)
where service is not null and service <> ''
group by service
order by service
