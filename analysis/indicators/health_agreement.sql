-- In how much of the time in which both are seen a component's health says what the breaker on it says.
with asked as (
    select
        unnest($ask::bigint[]) as ask,
        make_timestamptz(unnest($from_us::bigint[])) as from_time,
        make_timestamptz(unnest($to_us::bigint[])) as to_time,
        unnest($environment::varchar[]) as environment,
        unnest($service::varchar[]) as service,
        unnest($breaker::varchar[]) as breaker,
        unnest($target::varchar[]) as target
),
breakers as (
    select row_number() over () as breaker_id, environment, service, breaker as component, instance, labels, state
    from breaker_states
),
signals as (
    select row_number() over () as signal_id, environment, service, component, instance, labels, state
    from health_states
),
-- A breaker is named after what it guards: the component of that name. The signal of its own service goes before
-- others'; servers of different clusters (labels that contradict each other) are different ones.
pairs as (
    select breakers.breaker_id, signals.signal_id, breakers.environment, breakers.service, breakers.component
    from breakers
    join signals
        on signals.environment is not distinct from breakers.environment
        and signals.component = breakers.component
        and not exists (
            from (select unnest(map_keys(signals.labels)) as label) as told
            where map_contains(breakers.labels, told.label)
                and signals.labels[told.label] <> breakers.labels[told.label]
        )
    qualify signals.service = breakers.service
        or not bool_or(signals.service = breakers.service) over (partition by breakers.breaker_id)
),
breaker_moves as (
    select one.breaker_id, move.from_state, move.to_state, move.position,
        move.occurred_at, move.occurred_earliest, move.occurred_latest
    from breaker_transitions as move
    join breakers as one
        on one.environment is not distinct from move.environment and one.service = move.service
        and one.component = move.breaker and one.instance is not distinct from move.instance
        and one.labels = move.labels
    where one.breaker_id in (select breaker_id from pairs)
),
signal_moves as (
    select one.signal_id, move.from_state, move.to_state,
        row_number() over (partition by one.signal_id order by move.occurred_at, move.occurred_latest) as position,
        move.occurred_at, move.occurred_earliest, move.occurred_latest
    from health_changes as move
    join signals as one
        on one.environment is not distinct from move.environment and one.service = move.service
        and one.component = move.component and one.instance is not distinct from move.instance
        and one.labels = move.labels
    where one.signal_id in (select signal_id from pairs)
),
moves as (
    select 'breaker' as of_what, breaker_id as id, * exclude (breaker_id) from breaker_moves
    union all
    select 'signal', signal_id, * exclude (signal_id) from signal_moves
),
states as (
    select
        of_what, id, to_state as state,
        occurred_earliest as perhaps_from, occurred_at as from_time, occurred_latest as sure_from,
        coalesce(lead(occurred_earliest) over of_one, 'infinity'::timestamptz) as sure_to,
        coalesce(lead(occurred_at) over of_one, 'infinity'::timestamptz) as to_time,
        coalesce(lead(occurred_latest) over of_one, 'infinity'::timestamptz) as perhaps_to
    from moves
    window of_one as (partition by of_what, id order by position)
    union all
    select
        of_what, id, arg_min(from_state, position), '-infinity'::timestamptz, '-infinity'::timestamptz, '-infinity'::timestamptz,
        arg_min(occurred_earliest, position), arg_min(occurred_at, position), arg_min(occurred_latest, position)
    from moves
    group by of_what, id
    union all
    select 'breaker', breaker_id, state, '-infinity'::timestamptz, '-infinity'::timestamptz, '-infinity'::timestamptz,
        'infinity'::timestamptz, 'infinity'::timestamptz, 'infinity'::timestamptz
    from breakers
    where breaker_id not in (select breaker_id from breaker_moves)
    union all
    select 'signal', signal_id, state, '-infinity'::timestamptz, '-infinity'::timestamptz, '-infinity'::timestamptz,
        'infinity'::timestamptz, 'infinity'::timestamptz, 'infinity'::timestamptz
    from signals
    where signal_id not in (select signal_id from signal_moves)
),
-- Half-open is a question, not an answer; in maintenance, and while the signal or the breaker is off, neither speaks.
said as (
    select *, case
        when of_what = 'breaker' and state in ('open', 'forced_open') then 'down'
        when of_what = 'breaker' and state = 'closed' then 'up'
        when of_what = 'signal' and state = 'down' then 'down'
        when of_what = 'signal' and state in ('up', 'up_no_lb') then 'up'
    end as says
    from states
),
seen as (
    select 'breaker' as of_what, one.breaker_id as id, spell.started_at, spell.ended_at
    from coverage as spell
    join breakers as one
        on one.environment is not distinct from spell.environment and one.service = spell.service
        and one.instance is not distinct from spell.instance and one.labels = spell.labels
    where spell.covered
    union all
    select 'signal', one.signal_id, spell.started_at, spell.ended_at
    from coverage as spell
    join signals as one
        on one.environment is not distinct from spell.environment and one.service = spell.service
        and one.instance is not distinct from spell.instance and one.labels = spell.labels
    where spell.covered
),
edges as (
    select *, coalesce(started_at > max(ended_at) over (
        partition by of_what, id order by started_at, ended_at rows between unbounded preceding and 1 preceding
    ), true) as is_start
    from seen
),
islands as (
    select *, count_if(is_start) over (
        partition by of_what, id order by started_at, ended_at rows unbounded preceding
    ) as island
    from edges
),
spells as (
    select of_what, id, min(started_at) as from_time, max(ended_at) as to_time
    from islands
    group by of_what, id, island
),
-- The time in which both are seen.
both_seen as (
    select
        asked.ask, pairs.breaker_id, pairs.signal_id,
        greatest(asked.from_time, breaker.from_time, signal.from_time) as from_time,
        least(asked.to_time, breaker.to_time, signal.to_time) as to_time
    from asked
    join pairs
        on (asked.environment is null or pairs.environment = asked.environment)
        and (asked.service is null or pairs.service = asked.service)
        and (asked.breaker is null or pairs.component = asked.breaker)
        and (asked.target is null or pairs.component = asked.target)
    join spells as breaker on breaker.of_what = 'breaker' and breaker.id = pairs.breaker_id
    join spells as signal on signal.of_what = 'signal' and signal.id = pairs.signal_id
    where greatest(asked.from_time, breaker.from_time, signal.from_time)
        < least(asked.to_time, breaker.to_time, signal.to_time)
),
-- In which of it they agree and disagree: surely, or by the midpoints. What neither speaks of counts for neither.
compared as (
    select
        both_seen.ask, both_seen.breaker_id, both_seen.signal_id, breaker.says = signal.says as agree,
        greatest(0, epoch_us(
            least(both_seen.to_time, breaker.to_time, signal.to_time)
            - greatest(both_seen.from_time, breaker.from_time, signal.from_time)
        )) as likely_us,
        greatest(0, epoch_us(
            least(both_seen.to_time, breaker.sure_to, signal.sure_to)
            - greatest(both_seen.from_time, breaker.sure_from, signal.sure_from)
        )) as sure_us,
        greatest(0, epoch_us(
            least(both_seen.to_time, breaker.perhaps_to, signal.perhaps_to)
            - greatest(both_seen.from_time, breaker.perhaps_from, signal.perhaps_from)
        )) as perhaps_us
    from both_seen
    join said as breaker on breaker.of_what = 'breaker' and breaker.id = both_seen.breaker_id
        and breaker.perhaps_from < both_seen.to_time and breaker.perhaps_to > both_seen.from_time
    join said as signal on signal.of_what = 'signal' and signal.id = both_seen.signal_id
        and signal.perhaps_from < both_seen.to_time and signal.perhaps_to > both_seen.from_time
    where breaker.says is not null and signal.says is not null
)
select
    ask,
    count(distinct (breaker_id, signal_id)) as pairs,
    sum(likely_us) filter (agree) as agree_us,
    sum(likely_us) filter (not agree) as disagree_us,
    sum(sure_us) filter (agree) as surely_agree_us,
    sum(sure_us) filter (not agree) as surely_disagree_us,
    sum(perhaps_us) filter (agree) as perhaps_agree_us,
    sum(perhaps_us) filter (not agree) as perhaps_disagree_us
from compared
group by ask
