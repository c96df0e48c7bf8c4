-- What is asked of calls, and the edges of all that is asked, in order.
with asked as (
    select
        unnest($ask::bigint[]) as ask,
        unnest($from_us::bigint[]) as from_us,
        unnest($to_us::bigint[]) as to_us,
        unnest($environment::varchar[]) as environment,
        unnest($service::varchar[]) as service,
        unnest($operation::varchar[]) as operation,
        unnest($operations::varchar[][]) as operations,
        unnest($breaker::varchar[]) as breaker,
        unnest($target::varchar[]) as target,
        unnest($instance::varchar[]) as instance,
        unnest($outcome::varchar[]) as outcome,
        unnest($outcome_class::varchar[]) as outcome_class,
        unnest($policy::bigint[]) as policy
),
edges as (
    select row_number() over (order by at_us) as place, at_us
    from (select from_us as at_us from asked union select to_us from asked)
)
