-- Edges into the components that were hurt first: every declared direct dependant, and whether its callers were hurt.
with asked as (
    select
        unnest($ask::bigint[]) as ask,
        make_timestamptz(unnest($from_us::bigint[])) as from_time,
        make_timestamptz(unnest($to_us::bigint[])) as to_time,
        unnest($environment::varchar[]) as environment,
        unnest($service::varchar[]) as service,
        unnest($target::varchar[]) as target,
        unnest($experiment::varchar[]) as experiment,
        unnest($experiments::boolean[]) as experiments
),
edges as (
    select unnest($dependant::varchar[]) as dependant, unnest($needed::varchar[]) as needed
),
origins as (
    select distinct
        asked.ask, cascade.cascade_id, cascade.environment, cascade.origin, cascade.started_earliest,
        cascade.started_latest
    from asked
    join cascades as cascade
        on cascade.started_at >= asked.from_time
        and cascade.started_at < asked.to_time
        and cascade.basis = 'dependencies'
        and (asked.environment is null or cascade.environment = asked.environment)
        and (asked.target is null or cascade.origin = asked.target)
        and (asked.experiment is null or cascade.experiment_id = asked.experiment)
        and (asked.experiments or cascade.experiment_id is null)
    where asked.service is null
        or asked.experiment is not null
        or exists (
            from cascades as part
            where part.cascade_id = cascade.cascade_id
                and asked.service in (part.origin, part.follower, part.contained_at)
        )
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
