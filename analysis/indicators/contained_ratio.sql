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
    select distinct asked.ask, cascade.cascade_id, cascade.environment, cascade.origin, cascade.started_latest
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
)
select
    origins.ask,
    origins.environment,
    origins.origin,
    epoch_us(origins.started_latest) as started_us,
    edges.dependant,
    count(follower.follower) > 0 as hurt,
    coalesce(bool_or(follower.sure), false) as surely_hurt
from origins
join edges on edges.needed = origins.origin
left join cascades as follower
    on follower.cascade_id = origins.cascade_id and follower.follower = edges.dependant
group by all
order by origins.ask, origins.origin, edges.dependant
