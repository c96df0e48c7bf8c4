-- Openings of breakers with a declared threshold, with the most failures that can have been counted since the last time
-- they closed; and runs of failures without another outcome after which they surely stayed closed. From raw samples: the
-- minutes of request_counts are too coarse for what happens within seconds.
with
-- include: breaker_spells.sql
,
declared as (
    select
        unnest($breaker_services::varchar[]) as service,
        unnest($breakers::varchar[]) as breaker,
        unnest($thresholds::bigint[]) as threshold
),
-- One counter tells: replicas see the same calls.
tracks as (
    select
        track.track_id, track.environment, track.service, track.breaker, track.instance, track.labels,
        track.detail['outcome'] as outcome, track.detail['outcome'] in ('failure', 'timeout') as failed,
        declared.threshold
    from raw.tracks as track
    semi join asked_services using (environment, service)
    join declared on declared.service = track.service and declared.breaker = track.breaker
    where track.kind = 'requests'
        and coalesce(track.detail['role'], '') = ''
        and track.detail['outcome'] in ('success', 'failure', 'timeout', 'not_permitted')
    qualify track.source = min(track.source) over (
        partition by track.environment, track.service, track.breaker, track.instance, track.labels
    )
),
failing_hours as (
    select distinct
        tracks.environment, tracks.service, tracks.breaker, tracks.instance, tracks.labels,
        unnest([run.first_us // 3600000000 - 1, run.first_us // 3600000000, run.first_us // 3600000000 + 1]) as hour
    from tracks
    join raw.runs as run using (track_id)
    where tracks.failed and run.value > 0
),
-- Counters of failures are flat most of the time; of the others only what lies near them is looked at.
samples as (
    select tracks.*, run.first_us, run.last_us, run.value, run.read_s
    from tracks
    join raw.runs as run using (track_id)
    where tracks.failed
        or (tracks.environment, tracks.service, tracks.breaker, tracks.instance, tracks.labels, run.first_us // 3600000000)
            in (select (environment, service, breaker, instance, labels, hour) from failing_hours)
),
increases as (
    select
        * exclude (first_us, last_us, value, read_s),
        lag(last_us) over of_track - 2000 as after_us,
        first_us + 2000 + (read_s * 1000000)::bigint as until_us,
        case
            when isnan(value) or lag(value) over of_track is null then 0
            when isnan(lag(value) over of_track) or value < lag(value) over of_track then value
            else value - lag(value) over of_track
        end::bigint as count
    from samples
    window of_track as (partition by track_id order by first_us)
),
grown as (
    select * from increases where count > 0
),
-- A counter of failures that was there from its process's first count on, or stood at 0, has missed none.
complete as (
    select environment, service, breaker, instance, labels
    from (
        select
            environment, service, breaker, instance, labels, track_id,
            arg_min(value, first_us) as first_value
        from samples
        where failed
        group by all
    )
    group by all
    having bool_and(isnan(first_value) or first_value = 0)
),
counted_until as (
    select tracks.environment, tracks.service, tracks.breaker, tracks.instance, tracks.labels, max(run.last_us) as until_us
    from tracks
    join raw.latest_runs as run using (track_id)
    group by all
),
closed_spells as (
    select
        spells.environment, spells.service, spells.breaker, spells.instance, spells.labels, spells.to_state,
        epoch_us(spells.from_earliest) as from_earliest_us, epoch_us(spells.from_latest) as from_latest_us,
        epoch_us(spells.to_earliest) as to_earliest_us, epoch_us(spells.to_latest) as to_latest_us
    from spells
    where spells.state = 'closed' and not spells.inferred
    union all
    -- Before its first move a breaker was closed, as far as it was seen.
    select
        environment, service, breaker, instance, labels, 'open', null, null,
        epoch_us(from_earliest), epoch_us(from_latest)
    from spells
    where from_state = 'closed' and state = 'open' and not inferred
    qualify row_number() over (partition by environment, service, breaker, instance, labels order by from_earliest) = 1
        and not exists (
            from spells as earlier
            where earlier.environment = spells.environment and earlier.service = spells.service
                and earlier.breaker = spells.breaker and earlier.instance = spells.instance
                and earlier.labels = spells.labels and earlier.from_earliest < spells.from_earliest
        )
    union all
    -- One that never moved.
    select environment, service, breaker, instance, labels, null, null, null, epoch_us(as_of), epoch_us(as_of)
    from kept.breaker_states
    semi join asked_services using (environment, service)
    where state = 'closed' and since is null
),
-- What somebody did by hand, or a restart, says nothing of the threshold; what was counted after the last sample of a
-- process went with it.
acts as (
    select environment, service, coalesce(nullif(instance, ''), '*') as instance, epoch_us(occurred_at) as at_us
    from kept.changes
    semi join asked_services using (environment, service)
    where kind in ('config', 'flag', 'restart', 'deploy', 'maintenance')
),
openings as (
    select spell.*, any_value(grown.threshold) as threshold, sum(grown.count)::bigint as failures
    from closed_spells as spell
    join grown
        on grown.environment = spell.environment and grown.service = spell.service and grown.breaker = spell.breaker
        and grown.instance = spell.instance and grown.labels = spell.labels
        and grown.failed
        and grown.after_us < spell.to_latest_us
        and grown.until_us > coalesce(spell.from_earliest_us, 0)
    where spell.to_state = 'open'
    group by all
),
-- Between two samples the order of calls is lost: failures count as in a row only where nothing else was counted.
intervals as (
    select
        environment, service, breaker, instance, labels, any_value(threshold) as threshold, until_us,
        min(after_us) as after_us, sum(count) filter (failed) as failures, bool_and(failed) as only_failed
    from grown
    group by environment, service, breaker, instance, labels, until_us
),
bad as (
    select
        spell.to_earliest_us, interval_of.* exclude (only_failed),
        interval_of.only_failed as is_bad,
        count_if(not interval_of.only_failed) over (
            partition by spell.environment, spell.service, spell.breaker, spell.instance, spell.labels, spell.to_earliest_us
            order by interval_of.until_us rows unbounded preceding
        ) as run
    from closed_spells as spell
    join intervals as interval_of
        on interval_of.environment = spell.environment and interval_of.service = spell.service
        and interval_of.breaker = spell.breaker and interval_of.instance = spell.instance
        and interval_of.labels = spell.labels
        and interval_of.after_us >= coalesce(spell.from_latest_us, 0)
        and interval_of.until_us < spell.to_earliest_us
)
select
    'early' as what, environment, service, breaker, instance, labels, threshold, failures,
    to_latest_us as from_us, to_latest_us as until_us
from openings
join counted_until as counted using (environment, service, breaker, instance, labels)
where failures < threshold
    and counted.until_us >= to_latest_us
    and (from_earliest_us is not null or (environment, service, breaker, instance, labels) in (
        select (environment, service, breaker, instance, labels) from complete
    ))
    and not exists (
        from acts
        where acts.environment = openings.environment and acts.service = openings.service
            and acts.instance in ('*', openings.instance)
            and (
                acts.at_us between openings.to_earliest_us - 60000000 and openings.to_latest_us + 60000000
                or acts.at_us between coalesce(openings.from_earliest_us, openings.to_earliest_us - 600000000)
                    and openings.to_latest_us
            )
    )
union all
select
    'late', environment, service, breaker, instance, labels, any_value(threshold), sum(failures)::bigint,
    min(after_us), max(until_us)
from bad
where is_bad
group by environment, service, breaker, instance, labels, to_earliest_us, run
having sum(failures) >= any_value(threshold)
order by from_us, breaker, instance
