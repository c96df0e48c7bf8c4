-- Who says a level at all, and who says less than full now.
select
    count(distinct service) as services_that_say,
    count(distinct service) filter (where level not in ('full', 'unknown')) as services_hurt
from service_level_spells
where environment = $environment and ended_at is null
