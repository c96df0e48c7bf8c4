-- How long breakers were in each state: spells, of the services asked for ($environments and $services are parallel).
-- The bounds of what goes on end where it was last seen; to_state is NULL then. It needs no more.
asked_services as (
    select unnest($environments::varchar[]) as environment, unnest($services::varchar[]) as service
),
spells as (
    select
        row_number() over () as spell_id,
        move.environment, move.service, move.breaker, move.instance, move.labels,
        move.from_state, move.to_state as state,
        lead(move.to_state) over of_instance as to_state,
        move.occurred_earliest as from_earliest, move.occurred_latest as from_latest,
        coalesce(lead(move.occurred_earliest) over of_instance, now.as_of) as to_earliest,
        coalesce(lead(move.occurred_latest) over of_instance, now.as_of) as to_latest,
        now.as_of as seen_until,
        -- Where the order had to be inferred, or a restart may lie between, an edge proves nothing about how long it took.
        move.inferred or coalesce(lead(move.inferred) over of_instance, false) as inferred,
        -- A log tells every move; between two samples of a gauge some may be hidden.
        move.occurred_earliest = move.occurred_latest as told
    from kept.breaker_transitions as move
    semi join asked_services using (environment, service)
    join kept.breaker_states as now using (environment, service, breaker, instance, labels)
    window of_instance as (
        partition by move.environment, move.service, move.breaker, move.instance, move.labels order by move.position
    )
),
-- Calls of breakers; those that it turned away are attempted, too. A counter's increase stands in the minute of its later
-- sample: the calls themselves may be up to two minutes older.
breaker_calls as (
    select
        environment, service, breaker, instance, labels, outcome, count,
        bucket_start as minute,
        date_trunc('hour', bucket_start) as hour,
        bucket_start - case when counted_by = 'metrics' then interval 120 second else interval 0 second end as from_time,
        bucket_start + to_microseconds((bucket_s * 1e6)::bigint) as to_time
    from request_counts
    where breaker is not null and service in (select service from asked_services)
),
-- The calls of each spell's hours: joined by the hour, months of minutes are not compared with every spell.
near_calls as (
    select spell.spell_id, calls.outcome, calls.count, calls.minute, calls.from_time, calls.to_time
    from (
        select *, unnest(generate_series(
            date_trunc('hour', from_earliest - interval 3 minute), date_trunc('hour', to_latest + interval 3 minute),
            interval 1 hour
        )) as hour
        from spells
        where state in ('open', 'half_open')
    ) as spell
    join breaker_calls as calls
        on calls.environment is not distinct from nullif(spell.environment, '')
        and calls.service = spell.service
        and calls.breaker = spell.breaker
        and coalesce(calls.instance, '') = spell.instance
        and calls.labels = spell.labels
        and calls.hour = spell.hour
)
