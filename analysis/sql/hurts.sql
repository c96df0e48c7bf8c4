-- When components were hurt: hurts(environment, component, kind, from_earliest, from_latest, to_earliest, to_latest),
-- by outages of services and of their parts, by health signals, and by the breakers that guard them. It needs no more.
moves_of_health as (
    select
        environment, component, to_state, occurred_earliest, occurred_latest,
        lead(occurred_earliest) over of_instance as left_earliest,
        lead(occurred_latest) over of_instance as left_latest
    from health_changes
    window of_instance as (partition by environment, service, component, instance, labels order by occurred_at)
),
hurts as (
    select
        environment, service as component, 'outage' as kind,
        coalesce(started_earliest, started_at) as from_earliest, coalesce(started_latest, started_at) as from_latest,
        coalesce(ended_earliest, ended_at, 'infinity'::timestamptz) as to_earliest,
        coalesce(ended_latest, ended_at, 'infinity'::timestamptz) as to_latest
    from outages
    union all
    select
        environment, component, 'part',
        coalesce(started_earliest, started_at), coalesce(started_latest, started_at),
        coalesce(ended_earliest, ended_at, 'infinity'::timestamptz),
        coalesce(ended_latest, ended_at, 'infinity'::timestamptz)
    from outages
    where component <> service
    union all
    select
        environment, component, 'health', occurred_earliest, occurred_latest,
        coalesce(left_earliest, 'infinity'::timestamptz), coalesce(left_latest, 'infinity'::timestamptz)
    from moves_of_health
    where to_state = 'down'
    union all
    select
        environment, breaker, 'breaker', opened_earliest, opened_latest,
        coalesce(closed_earliest, 'infinity'::timestamptz), coalesce(closed_latest, 'infinity'::timestamptz)
    from breaker_episodes
),
-- Who is seen at all, and thus known not to be hurt where nothing says so.
known as (
    select distinct environment, component from health_states
    union
    select distinct environment, breaker from breaker_states
)
