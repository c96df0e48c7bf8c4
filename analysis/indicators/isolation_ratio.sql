-- Declared components beside the target and its hard dependants, and whether they were hurt meanwhile.
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
-- include: hurts.sql
,
components as (
    select unnest($component::varchar[]) as component
),
targets as (
    select asked.ask, fault.environment, fault.target
    from asked
    join experiment_faults as fault
        on fault.injected_at < asked.to_time
        and coalesce(fault.removed_at, 'infinity') > asked.from_time
        and fault.target is not null
        and (asked.environment is null or coalesce(fault.environment, asked.environment) = asked.environment)
        and (asked.experiment is null or fault.experiment_id = asked.experiment)
    where asked.target is null
    union
    select ask, environment, target from asked where target is not null
    union
    select asked.ask, cascade.environment, cascade.origin
    from asked
    join cascades as cascade
        on cascade.started_at >= asked.from_time
        and cascade.started_at < asked.to_time
        and cascade.basis = 'dependencies'
        and (asked.environment is null or cascade.environment = asked.environment)
        and asked.experiment is null
        and asked.target is null
),
met as (
    select
        asked.ask, components.component, asked.environment,
        hurts.component is not null as hurt,
        coalesce(hurts.from_latest < asked.to_time and hurts.to_earliest > asked.from_time, false) as surely
    from asked
    cross join components
    left join hurts
        on hurts.component = components.component
        and hurts.from_earliest < asked.to_time
        and hurts.to_latest > asked.from_time
        and (asked.environment is null or hurts.environment = asked.environment)
)
select
    met.ask,
    met.component,
    bool_or(met.hurt) as hurt,
    bool_or(met.surely) as surely_hurt,
    exists (
        from known
        where known.component = met.component and (met.environment is null or known.environment = met.environment)
    ) as known,
    (select list(distinct targets.target) from targets where targets.ask = met.ask) as targets
from met
group by met.ask, met.component, met.environment
order by met.ask, met.component
