-- The cascades that began in what is asked for, with the ask. In an experiment it is the experiment that is asked about,
-- whichever service asks.
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
asked_cascades as (
    select asked.ask, cascade.*
    from asked
    join cascades as cascade
        on cascade.started_at >= asked.from_time
        and cascade.started_at < asked.to_time
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
