-- Every service's level as last said, and since when; bounds from the change that began it.
with latest as (
    select service, level, started_at
    from service_level_spells
    where environment = $environment and ended_at is null
    qualify row_number() over (partition by service order by started_at desc) = 1
)
select
    latest.service, latest.level, latest.started_at as since,
    min(change.occurred_earliest) as earliest,
    max(change.occurred_latest) as latest
from latest
left join service_level_changes as change
    on change.environment = $environment
    and change.service = latest.service
    and change.to_level = latest.level
    and change.occurred_at = latest.started_at
group by all
order by latest.service
