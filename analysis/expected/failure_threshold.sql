-- Openings of breakers with a declared threshold, with the most failures that can have been counted since the last time
-- they closed; and runs of failures without a success in which they surely stayed closed.
with
-- include: breaker_spells.sql
,
declared as (
    select
        unnest($breaker_services::varchar[]) as service,
        unnest($breakers::varchar[]) as breaker,
        unnest($thresholds::bigint[]) as threshold
),
closed_spells as (
    select
        spells.environment, spells.service, spells.breaker, spells.instance, spells.labels, spells.to_state,
        spells.from_earliest, spells.from_latest, spells.to_earliest, spells.to_latest, spells.seen_until,
        declared.threshold
    from spells
    join declared using (service, breaker)
    where spells.state = 'closed' and not spells.inferred
    union all
    -- Before its first move a breaker was closed, as far as it was seen.
    select
        spells.environment, spells.service, spells.breaker, spells.instance, spells.labels, 'open',
        null, null, spells.from_earliest, spells.from_latest, spells.seen_until, declared.threshold
    from spells
    join declared using (service, breaker)
    where spells.from_state = 'closed' and spells.state = 'open' and not spells.inferred
    qualify row_number() over (
        partition by spells.environment, spells.service, spells.breaker, spells.instance, spells.labels
        order by spells.from_earliest
    ) = 1 and not exists (
        from spells as earlier
        where earlier.environment = spells.environment and earlier.service = spells.service
            and earlier.breaker = spells.breaker and earlier.instance = spells.instance
            and earlier.labels = spells.labels and earlier.from_earliest < spells.from_earliest
    )
),
-- Counters that were there from their process's first count on (or stood at 0) have missed no failure.
complete as (
    select track.environment, track.service, track.breaker, track.instance, track.labels
    from raw.tracks as track
    join (
        select track_id, arg_min(value, first_us) as first_value from raw.runs group by track_id
    ) as run using (track_id)
    where track.kind = 'requests' and track.breaker <> ''
        and track.detail['outcome'] in ('failure', 'timeout')
    group by all
    having bool_and(isnan(run.first_value) or run.first_value = 0)
),
calls as (
    select *, outcome in ('failure', 'timeout') as failed from breaker_calls
    where outcome in ('success', 'failure', 'timeout', 'not_permitted')
),
-- What somebody did by hand, or a restart, says nothing of the threshold.
acts as (
    select environment, service, coalesce(nullif(instance, ''), '*') as instance, occurred_at
    from kept.changes
    semi join asked_services using (environment, service)
    where kind in ('config', 'flag', 'restart', 'deploy', 'maintenance')
),
counted as (
    select
        spell.environment, spell.service, spell.breaker, spell.instance, spell.labels, spell.to_state, spell.threshold,
        spell.from_earliest, spell.from_latest, spell.to_earliest, spell.to_latest, spell.seen_until,
        coalesce(sum(calls.count) filter (calls.failed), 0)::bigint as failures,
        coalesce(sum(calls.count) filter (calls.outcome <> 'not_permitted'), 0)::bigint as seen
    from closed_spells as spell
    left join calls
        on calls.environment is not distinct from nullif(spell.environment, '')
        and calls.service = spell.service
        and calls.breaker = spell.breaker
        and coalesce(calls.instance, '') = spell.instance
        and calls.labels = spell.labels
        and calls.from_time <= spell.to_latest
        and (spell.from_earliest is null or calls.to_time >= spell.from_earliest)
    group by all
),
-- Minutes with failures and no success, wholly inside a closed spell: those that follow each other are one run.
bad as (
    select
        spell.environment, spell.service, spell.breaker, spell.instance, spell.labels, spell.threshold,
        spell.to_earliest, calls.minute, max(calls.to_time) as to_time, sum(calls.count) as failures
    from closed_spells as spell
    join calls
        on calls.environment is not distinct from nullif(spell.environment, '')
        and calls.service = spell.service
        and calls.breaker = spell.breaker
        and coalesce(calls.instance, '') = spell.instance
        and calls.labels = spell.labels
        and (spell.from_latest is null or calls.from_time >= spell.from_latest)
        and calls.to_time <= spell.to_earliest
    group by all
    having bool_and(calls.failed)
),
bad_runs as (
    select *, count_if(coalesce(minute <> before_time, true)) over (
        partition by environment, service, breaker, instance, labels, to_earliest order by minute rows unbounded preceding
    ) as run
    from (
        select *, lag(to_time) over (
            partition by environment, service, breaker, instance, labels, to_earliest order by minute
        ) as before_time
        from bad
    )
)
select
    'early' as what, environment, service, breaker, instance, labels, threshold, failures,
    epoch_us(to_latest) as from_us, epoch_us(to_latest) as until_us
from counted
where to_state = 'open'
    and failures < threshold
    -- The last failures before it opened may be counted two minutes later.
    and seen_until > to_latest + interval 120 second
    and not exists (
        from acts
        where acts.environment = counted.environment and acts.service = counted.service
            and acts.instance in ('*', counted.instance)
            and acts.occurred_at between to_earliest - interval 60 second and to_latest + interval 60 second
    )
    -- What was counted after the last sample of a process went with it.
    and not exists (
        from acts
        where acts.environment = counted.environment and acts.service = counted.service
            and acts.instance in ('*', counted.instance)
            and acts.occurred_at between coalesce(from_earliest, to_earliest - interval 10 minute) and to_latest
    )
    and seen > 0
    and (from_earliest is not null or (environment, service, breaker, instance, labels) in (
        select (environment, service, breaker, instance, labels) from complete
    ))
union all
select
    'late', environment, service, breaker, instance, labels, threshold, sum(failures)::bigint,
    epoch_us(min(minute)), epoch_us(max(to_time))
from bad_runs
group by environment, service, breaker, instance, labels, threshold, to_earliest, run
having sum(failures) >= threshold
order by from_us, breaker, instance
