-- Messages in dead-letter queues at the instants asked for: of each series the last sample before and the first one after.
with asked as (
    select
        unnest($ask::bigint[]) as ask,
        make_timestamptz(unnest($at_us::bigint[])) as at_time,
        unnest($environment::varchar[]) as environment,
        unnest($service::varchar[]) as service,
        unnest($instance::varchar[]) as instance,
        unnest($priority::varchar[]) as priority
),
series as (select distinct environment, service, instance, queue, priority, labels from queue_depths where kind = 'dead_letter'),
wanted as (
    select
        asked.ask,
        asked.at_time,
        hash(series.environment, series.service, series.instance, series.queue, series.priority, series.labels) as series_id
    from asked
    join series
        on (asked.environment is null or series.environment = asked.environment)
        and (asked.service is null or series.service = asked.service)
        and (asked.instance is null or series.instance = asked.instance)
        and (asked.priority is null or series.priority = asked.priority)
),
samples as (
    select hash(environment, service, instance, queue, priority, labels) as series_id, sampled_at, depth as amount
    from queue_depths
    where kind = 'dead_letter'
)
select wanted.ask, before.amount as amount_before, later.amount as amount_after
from wanted
asof left join samples as before on wanted.series_id = before.series_id and wanted.at_time >= before.sampled_at
asof left join samples as later on wanted.series_id = later.series_id and wanted.at_time <= later.sampled_at
