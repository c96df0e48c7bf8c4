-- Falls of components' health into down, from the first instance that saw it to the last that saw it up again.
fall_edges as (
    select
        *,
        max(coalesce(ended_at, 'infinity'::timestamptz)) over (
            partition by environment, service, name, labels
            order by began_at, instance
            rows between unbounded preceding and 1 preceding
        ) as down_until
    from signals
    where kind = 'health'
),

fall_numbers as (
    select
        *,
        count(*) filter (where down_until is null or began_at > down_until) over (
            partition by environment, service, name, labels
            order by began_at, instance
            rows between unbounded preceding and current row
        ) as fall
    from fall_edges
),

falls as (
    select
        environment,
        service,
        name,
        min(began_at) as began_at,
        min(began_earliest) as began_earliest,
        min(began_latest) as began_latest,
        case when bool_and(ended_at is not null) then max(ended_at) end as ended_at,
        case when bool_and(ended_at is not null) then max(ended_earliest) end as ended_earliest,
        case when bool_and(ended_at is not null) then max(ended_latest) end as ended_latest,
        any_value(experiment_id) as experiment_id
    from fall_numbers
    group by environment, service, name, labels, fall
)
