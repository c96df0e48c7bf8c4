-- Sessions alive at the instants asked for: of each series the last sample before and the first one after.
with asked as (
    select
        unnest($ask::bigint[]) as ask,
        make_timestamptz(unnest($at_us::bigint[])) as at_time,
        unnest($environment::varchar[]) as environment,
        unnest($service::varchar[]) as service,
        unnest($instance::varchar[]) as instance,
        unnest($kind::varchar[]) as kind
),
series as (select distinct environment, service, instance, kind, labels from sessions),
wanted as (
    select
        asked.ask,
        asked.at_time,
        hash(series.environment, series.service, series.instance, series.kind, series.labels) as series_id
    from asked
    join series
        on (asked.environment is null or series.environment = asked.environment)
        and (asked.service is null or series.service = asked.service)
        and (asked.instance is null or series.instance = asked.instance)
        and (asked.kind is null or series.kind = asked.kind)
),
samples as (
    select hash(environment, service, instance, kind, labels) as series_id, sampled_at, alive as amount
    from sessions
)
select wanted.ask, before.amount as amount_before, later.amount as amount_after
from wanted
asof left join samples as before on wanted.series_id = before.series_id and wanted.at_time >= before.sampled_at
asof left join samples as later on wanted.series_id = later.series_id and wanted.at_time <= later.sampled_at
