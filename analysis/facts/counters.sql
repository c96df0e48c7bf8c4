-- By how much counters grew, from neighbouring raw samples. Only the stale span is looked at, and one sample to each side.

-- step: scope
-- Which services' counts are stale, and over which span. A track that changed can move the increase before and after it,
-- and what it says of its process (a restart) concerns every counter of the same scrape target.
create or replace temp table facts_scope as
with stale as (
    select mark.track_id, min(mark.from_us) as from_us, max(mark.to_us) as to_us
    from raw.stale_counters as mark
    join raw.tracks as track using (track_id)
    where track.kind in ('requests', 'retries', 'latency', 'transitions', 'process_start')
    group by mark.track_id
),
widened as (
    select
        stale.track_id,
        least(
            any_value(stale.from_us),
            min(run.first_us) filter (where run.first_us <= stale.from_us and run.last_us >= stale.from_us),
            max(run.last_us) filter (where run.last_us < stale.from_us)
        ) as from_us,
        greatest(
            any_value(stale.to_us),
            min(run.first_us) filter (where run.first_us > stale.to_us)
        ) as to_us
    from stale
    join raw.runs as run using (track_id)
    group by stale.track_id
),
scrape_targets as (
    select track.source, track.scrape_target, min(widened.from_us) as from_us, max(widened.to_us) as to_us
    from widened
    join raw.tracks as track using (track_id)
    group by track.source, track.scrape_target
)
select environment, service, min(from_us) as from_us, max(to_us) as to_us
from (
    select
        track.environment,
        track.service,
        -- Whole minutes; a count belongs to the minute of its later sample, at most 2 minutes after the earlier one.
        stale.from_us // 60000000 * 60000000 as from_us,
        stale.to_us // 60000000 * 60000000 + 180000000 as to_us
    from raw.tracks as track
    join scrape_targets as stale using (source, scrape_target)
    where track.kind in ('requests', 'retries', 'latency')
    union all
    -- What log lines tell stands in the same tables.
    select
        environment,
        service,
        from_us // 60000000 * 60000000 as from_us,
        to_us // 60000000 * 60000000 + 60000000 as to_us
    from raw.stale_sightings
)
group by environment, service

-- step: tracks
-- The counters to look at: those of the stale services, and beside them (wanted = false) the other counters of the same
-- scrape targets, whose falls tell of restarts. counter_id is one for all replicas that scrape the same counter.
create or replace temp table facts_tracks as
with scrape_targets as (
    select track.source, track.scrape_target, min(scope.from_us) as from_us, max(scope.to_us) as to_us
    from raw.tracks as track
    join facts_scope as scope using (environment, service)
    where track.kind in ('requests', 'retries', 'latency')
    group by track.source, track.scrape_target
)
select
    track.track_id,
    track.source,
    track.scrape_target,
    track.kind,
    scope.environment is not null and track.kind <> 'transitions' as wanted,
    target.from_us,
    target.to_us,
    case
        when track.source_group = '' then track.track_id
        else hash(
            track.source_group, track.kind, track.scrape_target, track.profile, track.environment, track.service,
            track.operation, track.breaker, track.component, track.target, track.instance, track.labels, track.detail
        ) % 9223372036854775807
    end::bigint as counter_id
from raw.tracks as track
join scrape_targets as target using (source, scrape_target)
left join facts_scope as scope using (environment, service)
where track.kind in ('requests', 'retries', 'latency', 'transitions')

-- step: runs
-- The runs of those counters inside the stale span, and one value before and after it to count from and to.
create or replace temp table facts_runs as
with ends as (
    select
        track.track_id,
        max(run.first_us) filter (where run.first_us < track.from_us and not isnan(run.value)) as begin_us,
        min(run.first_us) filter (where run.first_us > track.to_us and not isnan(run.value)) as end_us
    from facts_tracks as track
    join raw.runs as run using (track_id)
    group by track.track_id
)
select
    track.track_id,
    track.counter_id,
    track.source,
    track.scrape_target,
    track.wanted,
    run.first_us,
    run.last_us,
    case when not isnan(run.value) then run.value end as value
from facts_tracks as track
join ends using (track_id)
join raw.runs as run using (track_id)
where (ends.begin_us is null or run.first_us >= ends.begin_us)
    and (ends.end_us is null or run.first_us <= ends.end_us)

-- step: restarts
-- When the process behind a scrape target was replaced: after before_us, seen at after_us. Its start time says so; where
-- the target does not export that, a counter that fell does (a target that speaks for many processes loses single ones,
-- but its own start time stays). Of several pieces of evidence for one restart the narrowest span stands.
create or replace temp table facts_restarts as
with starts as (
    select track.source, track.scrape_target, track.track_id, run.first_us, run.last_us, run.value
    from raw.tracks as track
    join raw.runs as run using (track_id)
    where track.kind = 'process_start'
        and not isnan(run.value)
        and (track.source, track.scrape_target) in (select (source, scrape_target) from facts_tracks)
),
new_starts as (
    select
        source,
        scrape_target,
        lag(last_us) over of_track as before_us,
        first_us as after_us,
        -- A start time is computed anew at each scrape by some libraries and then differs in its last digits.
        abs(value - lag(value) over of_track) >= 1 as replaced
    from starts
    window of_track as (partition by track_id order by first_us)
),
sequence as (
    select
        source,
        scrape_target,
        track_id,
        first_us,
        last_us,
        value,
        last_value(value ignore nulls) over before_it as value_before,
        last_value(case when value is not null then last_us end ignore nulls) over before_it as before_us,
        first_value(first_us) over after_value as absent_us
    from (
        select *, count(value) over (partition by track_id order by first_us) as nth_value from facts_runs
    )
    window
        before_it as (partition by track_id order by first_us rows between unbounded preceding and 1 preceding),
        after_value as (
            partition by track_id, nth_value order by first_us
            rows between 1 following and unbounded following
        )
),
falls as (
    select
        source,
        scrape_target,
        before_us,
        -- Where the series was missing first, the restart came before that: from then on it was the new process.
        coalesce(lag(absent_us) over (partition by track_id order by first_us), first_us) as after_us,
        value < value_before as fell
    from sequence
    where value is not null
),
told as (
    select distinct source, scrape_target, before_us, after_us from new_starts where replaced
    union
    select distinct fall.source, fall.scrape_target, fall.before_us, fall.after_us
    from falls as fall
    where fall.fell
        and not exists (
            from starts as start
            where start.source = fall.source
                and start.scrape_target = fall.scrape_target
                and start.first_us <= fall.before_us
                and start.last_us >= fall.after_us
        )
),
by_source as (
    select source, scrape_target, before_us, after_us
    from told
    where not exists (
        from told as narrower
        where narrower.source = told.source
            and narrower.scrape_target = told.scrape_target
            and narrower.before_us >= told.before_us
            and narrower.after_us <= told.after_us
            and (narrower.before_us > told.before_us or narrower.after_us < told.after_us)
    )
),
replicas as (
    select distinct source, source_group from raw.tracks where source_group <> ''
),
-- What one replica only knows to lie in a span in which it was away, another that looked on tells better.
better as (
    select told.source, told.scrape_target, told.before_us as wide_before_us, told.after_us as wide_after_us, seen.*
        exclude (source, scrape_target)
    from by_source as told
    join replicas as own on own.source = told.source
    join replicas as other on other.source_group = own.source_group and other.source <> own.source
    join by_source as seen
        on seen.source = other.source
        and seen.scrape_target = told.scrape_target
        and seen.before_us >= told.before_us
        and seen.after_us <= told.after_us
        and (seen.before_us > told.before_us or seen.after_us < told.after_us)
)
select distinct
    told.source,
    told.scrape_target,
    coalesce(better.before_us, told.before_us) as before_us,
    coalesce(better.after_us, told.after_us) as after_us
from by_source as told
left join better
    on better.source = told.source
    and better.scrape_target = told.scrape_target
    and better.wide_before_us = told.before_us
    and better.wide_after_us = told.after_us

-- step: replicas
-- Replicas scrape the same counters. The first by name is believed while it looks; another counts only from 10 s after
-- the first was last seen, and until 10 s before it is seen again: a late reading must not look like a fall.
create or replace temp table facts_samples as
with replicated as (
    select counter_id, source, scrape_target, min(track_id) as track_id
    from facts_tracks
    where wanted and counter_id <> track_id
    group by counter_id, source, scrape_target
),
scrapes as (
    select track.source, track.scrape_target, run.first_us, run.last_us
    from raw.tracks as track
    join raw.runs as run using (track_id)
    where track.kind = 'scrape'
        and run.value = 1
        and (track.source, track.scrape_target) in (select (source, scrape_target) from replicated)
),
looks as (
    select counter_id, source, first_us, last_us
    from replicated
    join scrapes using (source, scrape_target)
    union all
    -- Where no scrapes are known, a replica is taken to look as long as it lives.
    select counter_id, source, min(run.first_us), max(run.last_us)
    from replicated
    join raw.runs as run using (track_id)
    where (source, scrape_target) not in (select (source, scrape_target) from scrapes)
    group by counter_id, source
),
-- For each replica, when one that comes before it by name looked.
taken as (
    select own.counter_id, own.source, look.first_us - 10000000 as first_us, look.last_us + 10000000 as last_us
    from replicated as own
    join looks as look on look.counter_id = own.counter_id and look.source < own.source
),
ends as (
    select counter_id, source, first_us, last_us from taken
    union all
    select distinct counter_id, source, 9000000000000000, 9000000000000000 from taken
),
free as (
    select
        counter_id,
        source,
        coalesce(
            max(last_us) over (
                partition by counter_id, source
                order by first_us, last_us
                rows between unbounded preceding and 1 preceding
            ) + 1,
            -9000000000000000
        ) as from_us,
        first_us as to_us
    from ends
)
select run.counter_id, run.source, run.scrape_target, run.first_us, run.last_us, run.value
from facts_runs as run
where run.wanted and (run.counter_id, run.source) not in (select (counter_id, source) from taken)
union all
select
    run.counter_id,
    run.source,
    run.scrape_target,
    greatest(run.first_us, free.from_us),
    least(run.last_us, free.to_us),
    run.value
from facts_runs as run
join free using (counter_id, source)
where run.wanted and free.from_us <= free.to_us and run.first_us <= free.to_us and run.last_us >= free.from_us

-- step: increases
-- By how much each counter grew between neighbouring samples, by raw values: a rise counts the difference, a fall or a
-- replaced process the new value, a birth (the series was missing at the scrape before) the whole value. The first value
-- ever seen is where counting starts. A value that is the same before and after a restart was counted up anew.
create or replace temp table facts_increases as
with sequence as (
    select
        counter_id,
        source,
        scrape_target,
        first_us,
        last_us,
        value,
        last_value(value ignore nulls) over before_it as value_before,
        last_value(case when value is not null then last_us end ignore nulls) over before_it as before_us,
        case when lag(value) over of_counter is null then lag(last_us) over of_counter end as absent_us
    from facts_samples
    window
        of_counter as (partition by counter_id order by first_us),
        before_it as (partition by counter_id order by first_us rows between unbounded preceding and 1 preceding)
),
between_runs as (
    select
        sample.*,
        coalesce(restart.after_us > sample.before_us, false) as replaced
    from (from sequence where value is not null) as sample
    asof left join facts_restarts as restart
        on restart.source = sample.source
        and restart.scrape_target = sample.scrape_target
        and restart.after_us <= sample.first_us
),
inside_runs as (
    select
        sample.counter_id,
        greatest(restart.before_us, sample.first_us) as after_us,
        restart.after_us as until_us,
        sample.value as growth
    from sequence as sample
    join facts_restarts as restart
        on restart.source = sample.source
        and restart.scrape_target = sample.scrape_target
        and restart.after_us > sample.first_us
        and restart.after_us <= sample.last_us
    where sample.value is not null
),
growths as (
    select
        counter_id,
        case
            when value_before is null then absent_us
            when value < value_before or replaced then greatest(before_us, absent_us)
            else before_us
        end as after_us,
        first_us as until_us,
        case
            when value_before is null or value < value_before or replaced then value
            else value - value_before
        end as growth
    from between_runs
    where value_before is not null or absent_us is not null
    union all
    from inside_runs
),
buckets as (
    select
        *,
        until_us - after_us > 120000000 as is_long
    from growths
    where growth > 0
)
select
    track.track_id,
    until_us,
    case when is_long then after_us else until_us end // 60000000 * 60000000 as bucket_us,
    case
        when is_long then until_us // 60000000 - after_us // 60000000 + 1
        else 1
    end * 60.0 as bucket_s,
    round(growth)::bigint as count
from buckets
-- Of replicas any one names the counter.
join (select counter_id, min(track_id) as track_id from facts_tracks where wanted group by counter_id) as track
    using (counter_id)

-- step: calls
-- Calls that log lines tell one by one, in the same spans. The lines of a profile are one witness, whichever files they
-- stand in; lines read by a pattern of the source itself are its own.
create or replace temp table facts_calls as
select
    told.environment,
    told.service,
    told.operation,
    told.breaker,
    told.target,
    told.instance,
    told.labels,
    told.occurred_us as ended_us,
    told.detail['outcome'] as outcome,
    try_cast(told.detail['duration_s'] as double) as duration_s,
    coalesce(told.detail['vantage'], if(told.breaker <> '', 'client', 'server')) as vantage,
    'logs:' || coalesce(nullif(told.profile, ''), told.source) as counted_by
from raw.sightings as told
join facts_scope as scope using (environment, service)
where told.kind = 'request'
    and told.occurred_us >= scope.from_us
    and told.occurred_us < scope.to_us
    and coalesce(told.detail['outcome'], '') <> ''
