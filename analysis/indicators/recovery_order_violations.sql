-- Recoveries of services in what is asked for, and whether what each cannot do without was still hurt then.
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
edges as (
    select unnest($dependant::varchar[]) as service, unnest($needed::varchar[]) as needed
),
recoveries as (
    select
        asked.ask, outage.environment, outage.service, outage.outage_id, edges.needed,
        coalesce(outage.started_earliest, outage.started_at) as from_earliest,
        coalesce(outage.ended_earliest, outage.ended_at) as to_earliest,
        coalesce(outage.ended_latest, outage.ended_at) as to_latest
    from asked
    join outages as outage
        on outage.started_at >= asked.from_time
        and outage.started_at < asked.to_time
        and outage.ended_at is not null
        and (asked.environment is null or outage.environment = asked.environment)
        and (asked.service is null or asked.experiment is not null or outage.service = asked.service)
        and (asked.experiment is null or outage.experiment_id = asked.experiment)
        and (asked.experiments or outage.experiment_id is null)
    join edges on edges.service = outage.service
)
select
    recoveries.ask,
    recoveries.environment,
    recoveries.outage_id,
    recoveries.needed,
    epoch_us(recoveries.to_earliest) as ended_us,
    count(hurts.component) > 0 as perhaps,
    coalesce(bool_or(
        hurts.from_latest < recoveries.to_earliest and hurts.to_earliest > recoveries.to_latest
    ), false) as surely,
    exists (
        from known
        where known.component = recoveries.needed and known.environment is not distinct from recoveries.environment
    ) as known
from recoveries
left join hurts
    on hurts.component = recoveries.needed
    and hurts.environment is not distinct from recoveries.environment
    and hurts.from_earliest < recoveries.to_latest
    and hurts.to_latest > recoveries.to_earliest
group by all
