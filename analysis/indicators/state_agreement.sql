-- In how much of the instance-time of what is asked for all instances of a breaker were in one state.
with asked as (
    select
        unnest($ask::bigint[]) as ask,
        make_timestamptz(unnest($from_us::bigint[])) as from_time,
        make_timestamptz(unnest($to_us::bigint[])) as to_time,
        unnest($environment::varchar[]) as environment,
        unnest($service::varchar[]) as service,
        unnest($breaker::varchar[]) as breaker
),
instances as (
    select row_number() over () as instance_id, environment, service, breaker, instance, labels, state
    from breaker_states as known
    where exists (
        from asked
        where (asked.environment is null or known.environment = asked.environment)
            and (asked.service is null or known.service = asked.service)
            and (asked.breaker is null or known.breaker = asked.breaker)
    )
),
moves as (
    select one.instance_id, move.from_state, move.to_state, move.position,
        move.occurred_at, move.occurred_earliest, move.occurred_latest
    from breaker_transitions as move
    join instances as one
        on one.environment is not distinct from move.environment
        and one.service = move.service
        and one.breaker = move.breaker
        and one.instance is not distinct from move.instance
        and one.labels = move.labels
),
-- From one move to the next: the state is sure between the latest of the one and the earliest of the other.
states as (
    select
        instance_id,
        to_state as state,
        occurred_earliest as perhaps_from,
        occurred_at as from_time,
        occurred_latest as sure_from,
        coalesce(lead(occurred_earliest) over of_instance, 'infinity'::timestamptz) as sure_to,
        coalesce(lead(occurred_at) over of_instance, 'infinity'::timestamptz) as to_time,
        coalesce(lead(occurred_latest) over of_instance, 'infinity'::timestamptz) as perhaps_to
    from moves
    window of_instance as (partition by instance_id order by position)
    union all
    select
        instance_id, arg_min(from_state, position), '-infinity'::timestamptz, '-infinity'::timestamptz, '-infinity'::timestamptz,
        arg_min(occurred_earliest, position), arg_min(occurred_at, position), arg_min(occurred_latest, position)
    from moves
    group by instance_id
    union all
    select instance_id, state, '-infinity'::timestamptz, '-infinity'::timestamptz, '-infinity'::timestamptz,
        'infinity'::timestamptz, 'infinity'::timestamptz, 'infinity'::timestamptz
    from instances
    where instance_id not in (select instance_id from moves)
),
-- The time in which each instance was seen; what several sources saw is one span.
seen as (
    select one.instance_id, spell.started_at, max(spell.ended_at) as ended_at
    from coverage as spell
    join instances as one
        on one.environment is not distinct from spell.environment
        and one.service = spell.service
        and one.instance is not distinct from spell.instance
        and one.labels = spell.labels
    where spell.covered
    group by one.instance_id, spell.started_at
),
edges as (
    select *, coalesce(started_at > max(ended_at) over (
        partition by instance_id order by started_at rows between unbounded preceding and 1 preceding
    ), true) as is_start
    from seen
),
islands as (
    select *, count_if(is_start) over (partition by instance_id order by started_at rows unbounded preceding) as island
    from edges
),
spells as (
    select instance_id, min(started_at) as from_time, max(ended_at) as to_time
    from islands
    group by instance_id, island
),
covered as (
    select
        asked.ask, hash(one.environment, one.service, one.breaker, one.labels) as breaker_id, one.instance_id,
        greatest(spell.from_time, asked.from_time) as from_time, least(spell.to_time, asked.to_time) as to_time
    from asked
    join instances as one
        on (asked.environment is null or one.environment = asked.environment)
        and (asked.service is null or one.service = asked.service)
        and (asked.breaker is null or one.breaker = asked.breaker)
    join spells as spell
        on spell.instance_id = one.instance_id
        and spell.from_time < asked.to_time
        and spell.to_time > asked.from_time
),
-- How many instances are seen, and how many are in each state surely, by the midpoints, and perhaps: as steps in time.
known as (
    select
        covered.ask, covered.breaker_id, states.state,
        greatest(covered.from_time, states.perhaps_from) as perhaps_from,
        least(covered.to_time, states.perhaps_to) as perhaps_to,
        greatest(covered.from_time, states.from_time) as from_time,
        least(covered.to_time, states.to_time) as to_time,
        greatest(covered.from_time, states.sure_from) as sure_from,
        least(covered.to_time, states.sure_to) as sure_to
    from covered
    join states using (instance_id)
    where states.state is not null
),
steps as (
    select ask, breaker_id, state, from_time as at_time, 1 as likely, 0 as sure, 0 as perhaps
    from known where from_time < to_time
    union all
    select ask, breaker_id, state, to_time, -1, 0, 0 from known where from_time < to_time
    union all
    select ask, breaker_id, state, sure_from, 0, 1, 0 from known where sure_from < sure_to
    union all
    select ask, breaker_id, state, sure_to, 0, -1, 0 from known where sure_from < sure_to
    union all
    select ask, breaker_id, state, perhaps_from, 0, 0, 1 from known where perhaps_from < perhaps_to
    union all
    select ask, breaker_id, state, perhaps_to, 0, 0, -1 from known where perhaps_from < perhaps_to
),
counted as (
    select ask, breaker_id, at_time, sum(step) as step
    from (
        select ask, breaker_id, from_time as at_time, 1 as step from covered
        union all
        select ask, breaker_id, to_time, -1 from covered
        union all
        select ask, breaker_id, at_time, 0 from steps
    )
    group by all
),
times as (
    select
        ask, breaker_id, at_time,
        lead(at_time) over of_breaker as until_time,
        sum(step) over of_breaker as instances
    from counted
    window of_breaker as (partition by ask, breaker_id order by at_time rows unbounded preceding)
),
in_state as (
    select
        ask, breaker_id, at_time, state, any_value(until_time) as until_time, any_value(instances) as instances,
        sum(likely)::bigint as likely, sum(sure)::bigint as sure, sum(perhaps)::bigint as perhaps
    from (
        select times.*, words.state, 0 as likely, 0 as sure, 0 as perhaps
        from times
        join (select distinct ask, breaker_id, state from steps) as words using (ask, breaker_id)
        union all by name
        select ask, breaker_id, at_time, state, likely, sure, perhaps from steps
    )
    group by ask, breaker_id, at_time, state
),
running as (
    select
        ask, breaker_id, at_time, until_time, instances,
        sum(likely) over of_state as likely,
        sum(sure) over of_state as sure,
        sum(perhaps) over of_state as perhaps
    from in_state
    window of_state as (partition by ask, breaker_id, state order by at_time rows unbounded preceding)
),
agreed as (
    select
        ask, breaker_id,
        any_value(instances) * epoch_us(any_value(until_time) - at_time) as instance_us,
        bool_or(likely = instances) as likely, bool_or(sure = instances) as sure, bool_or(perhaps = instances) as perhaps
    from running
    -- One instance alone has nobody to agree with.
    where instances > 1 and until_time > at_time
    group by ask, breaker_id, at_time
)
select
    ask,
    sum(instance_us) / 1e6 as instance_s,
    coalesce(sum(instance_us) filter (likely), 0) / sum(instance_us) as value,
    coalesce(sum(instance_us) filter (sure), 0) / sum(instance_us) as low,
    coalesce(sum(instance_us) filter (perhaps), 0) / sum(instance_us) as high,
    count(distinct breaker_id) as breakers
from agreed
group by ask
