-- Calls inside what is asked for, by the bucket of their duration: durations(ask, lower_s, upper_s, value, low, high).
--
-- Histograms are cumulative, and instances may have bounds of their own: each series is cut into its buckets by itself.
-- include: asked_calls.sql
,
scoped as (
    select service from asked where service is not null
    union
    select distinct service from latency_histograms where $all_services::boolean
),
calls as not materialized (
    select
        environment,
        service,
        operation,
        breaker,
        target,
        instance,
        'server' as vantage,
        upper_bound_s as outcome,
        -- Which series it is: calls by series, as others are by level.
        hash(environment, service, operation, breaker, target, instance, labels, counted_by) as level,
        bucket_start,
        bucket_s,
        count
    from latency_histograms as counts
    semi join scoped on scoped.service is not distinct from counts.service
),
loose as (
    select *, 0.0 as value, 0.0 as sure, 0.0 as possible
    from calls
    where false
),
-- include: between_edges.sql
,
cumulative as (
    select ask, level as series, outcome as upper_s, sum(value) as value, sum(low) as low, sum(high) as high
    from inside
    group by all
),
rising as (
    -- A bound that was added or dropped meanwhile has too few: it holds at least what the bounds below it do.
    select
        ask,
        series,
        upper_s,
        max(value) over lower_bounds as value,
        max(low) over lower_bounds as low,
        max(high) over lower_bounds as high
    from cumulative
    window lower_bounds as (partition by ask, series order by upper_s)
),
cut as (
    select
        ask,
        coalesce(lag(upper_s) over bounds, 0) as lower_s,
        upper_s,
        value - coalesce(lag(value) over bounds, 0) as value,
        low - coalesce(lag(low) over bounds, 0) as low,
        high - coalesce(lag(high) over bounds, 0) as high
    from rising
    window bounds as (partition by ask, series order by upper_s)
),
durations as (
    select
        ask,
        lower_s,
        upper_s,
        greatest(0, sum(value))::double as value,
        greatest(0, sum(low))::double as low,
        greatest(0, sum(high))::double as high
    from cut
    group by ask, lower_s, upper_s
    having sum(high) > 0
)
