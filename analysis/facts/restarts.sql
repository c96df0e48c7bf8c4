-- Restarts of processes: told by their start times, by counters that fell, or by logs.

-- step: services
-- Services whose processes or counters have news, with the span in which fallen counters were looked for anew.
with touched as (
    select distinct track.source, track.scrape_target
    from raw.stale_counters as mark
    join raw.tracks as track using (track_id)
    where track.kind = 'process_start'
),
services as (
    select distinct track.environment, track.service
    from raw.tracks as track
    join touched using (source, scrape_target)
    where track.kind not in ('scrape', 'process_start')
    union
    select environment, service from raw.stale_subjects where domain = 'event'
    union
    select environment, service from facts_scope
)
select
    services.environment,
    services.service,
    coalesce(scope.from_us, 0) as from_us,
    coalesce(scope.to_us, 0) as to_us
from services
left join facts_scope as scope using (environment, service)
order by services.environment, services.service

-- step: by_start_time
-- The start time itself is the instant, as long as it lies where the new process was first seen.
with watched as (
    select distinct source, scrape_target, environment, service, instance, labels
    from raw.tracks
    where kind not in ('scrape', 'process_start')
        and environment = $environment
        and service = $service
),
starts as (
    select
        track.source,
        track.scrape_target,
        run.first_us as after_us,
        lag(run.last_us) over of_track as before_us,
        run.value * 1e6 as started_us,
        run.value - lag(run.value) over of_track as later_s
    from raw.tracks as track
    join raw.runs as run using (track_id)
    where track.kind = 'process_start'
        and not isnan(run.value)
        and (track.source, track.scrape_target) in (select (source, scrape_target) from watched)
    window of_track as (partition by track.track_id order by run.first_us)
)
select distinct
    watched.environment,
    watched.service,
    watched.instance,
    'restart' as kind,
    make_timestamptz(
        case
            when started_us between before_us - 1000000 and after_us + 1000000 then started_us
            else (before_us + after_us) // 2
        end::bigint
    ) as occurred_at,
    'by its own start time' as detail,
    watched.labels
from starts
join watched using (source, scrape_target)
where abs(later_s) > 1
order by occurred_at

-- step: by_falls
-- Counters that fell, of scrape targets that do not export a start time. Replicas see the same fall: one tells it.
select distinct
    track.environment,
    track.service,
    track.instance,
    'restart' as kind,
    make_timestamptz((restart.before_us + restart.after_us) // 2) as occurred_at,
    'counters fell' as detail,
    track.labels
from facts_restarts as restart
join raw.tracks as track using (source, scrape_target)
where track.kind in ('requests', 'retries', 'latency')
    and track.environment = $environment
    and track.service = $service
    and (restart.before_us + restart.after_us) // 2 >= $from_us
    and (restart.before_us + restart.after_us) // 2 < $to_us
    and not exists (
        from raw.tracks as start
        where start.kind = 'process_start'
            and start.source = track.source
            and start.scrape_target = track.scrape_target
    )
qualify track.source_group = '' or track.source = min(track.source) over (partition by track.source_group)
order by occurred_at

-- step: by_logs
select distinct
    environment,
    service,
    instance,
    'restart' as kind,
    make_timestamptz(occurred_us) as occurred_at,
    coalesce(detail['revision'], '') as revision,
    coalesce(detail['actor'], '') as actor,
    coalesce(detail['text'], '') as detail,
    labels
from raw.sightings
where kind = 'change'
    and detail['change'] = 'restart'
    and environment = $environment
    and service = $service
order by occurred_at

-- step: kept_falls
-- Falls outside the span that was looked at stay what they are.
select environment, service, instance, kind, occurred_at, detail, labels
from kept.changes
where environment = $environment
    and service = $service
    and kind = 'restart'
    and detail = 'counters fell'
    and (occurred_at < make_timestamptz($from_us::bigint) or occurred_at >= make_timestamptz($to_us::bigint))
