-- Edges into the components that were hurt first: every declared direct dependant, and whether its callers were hurt.
-- include: asked_cascades.sql
,
edges as (
    select unnest($dependant::varchar[]) as dependant, unnest($needed::varchar[]) as needed
),
origins as (
    select distinct ask, cascade_id, environment, origin, started_earliest, started_latest
    from asked_cascades
    where basis = 'dependencies'
),
-- An outage of a caller that had begun before may be of it or not: it counts against, but not surely.
hurting as (
    select
        origins.*, edges.dependant,
        exists (
            from outages
            where outages.environment is not distinct from origins.environment
                and outages.service = edges.dependant
                and coalesce(outages.started_earliest, outages.started_at) <= origins.started_latest
                and coalesce(outages.ended_latest, outages.ended_at, 'infinity'::timestamptz) >= origins.started_earliest
        ) as hurting
    from origins
    join edges on edges.needed = origins.origin
)
select
    hurting.ask,
    hurting.environment,
    hurting.origin,
    epoch_us(hurting.started_latest) as started_us,
    hurting.dependant,
    hurting.hurting or count(follower.follower) > 0 as hurt,
    coalesce(bool_or(follower.sure), false) as surely_hurt
from hurting
left join cascades as follower
    on follower.cascade_id = hurting.cascade_id and follower.follower = hurting.dependant
group by
    hurting.ask, hurting.cascade_id, hurting.environment, hurting.origin, hurting.started_latest, hurting.dependant,
    hurting.hurting
order by hurting.ask, hurting.origin, hurting.dependant
