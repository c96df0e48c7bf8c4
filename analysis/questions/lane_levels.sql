-- Level spells that touch a span, cut to it, with the bounds of both ends where a change gives them.
with spells as (
    select service, level, started_at, ended_at
    from service_level_spells
    where environment = $environment
        and started_at < $end
        and (ended_at is null or ended_at > $start)
        and ($service::varchar is null or service = $service)
),
edges as (
    select service, occurred_at, min(occurred_earliest) as earliest, max(occurred_latest) as latest
    from service_level_changes
    where environment = $environment and occurred_at between $start and $end
    group by service, occurred_at
)
select
    spells.service, spells.level, spells.started_at, spells.ended_at,
    began.earliest as started_earliest, began.latest as started_latest,
    finished.earliest as ended_earliest, finished.latest as ended_latest
from spells
left join edges as began on began.service = spells.service and began.occurred_at = spells.started_at
left join edges as finished on finished.service = spells.service and finished.occurred_at = spells.ended_at
order by spells.service, spells.started_at
