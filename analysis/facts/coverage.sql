-- When each source saw which service and instance, and when it did not.

-- step: sources
select distinct track.source
from raw.stale_counters as mark
join raw.tracks as track using (track_id)
where track.kind = 'scrape'
order by track.source

-- step: spells
-- A scrape target covers the services whose tracks it carried. Its runs end where it was not seen for 2.5 intervals; a
-- single failed scrape between two good ones is less than that, and is bridged.
with neighbours as (
    select
        track.scrape_target,
        track.environment,
        track.service,
        track.instance,
        track.labels,
        run.first_us,
        run.last_us,
        run.value,
        lag(run.value) over of_track as value_before,
        lag(run.last_us) over of_track as before_us,
        lead(run.value) over of_track as value_after,
        lead(run.first_us) over of_track as after_us
    from raw.tracks as track
    join raw.runs as run using (track_id)
    where track.kind = 'scrape' and track.source = $source
    window of_track as (partition by track.track_id order by run.first_us)
),
scrapes as (
    select
        *,
        value = 0
        and first_us = last_us
        and value_before = 1
        and value_after = 1
        and after_us - before_us <= 2.5 * least(first_us - before_us, after_us - last_us) as bridged
    from neighbours
),
carried as (
    select distinct scrape_target, environment, service, instance, labels
    from raw.tracks
    where source = $source and kind not in ('scrape', 'process_start')
    union
    -- A log, read to its end like a target that was scraped, covers those that its lines tell of.
    select distinct scrape.scrape_target, told.environment, told.service, told.instance, told.labels
    from raw.told_subjects as told
    join raw.tracks as scrape using (source)
    where told.source = $source and scrape.kind = 'scrape'
),
watched as (
    select
        coalesce(carried.environment, scrape.environment) as environment,
        coalesce(carried.service, scrape.service) as service,
        coalesce(carried.instance, scrape.instance) as instance,
        coalesce(carried.labels, scrape.labels) as labels,
        case when coalesce(bridged, false) then before_us else first_us end as first_us,
        case when coalesce(bridged, false) then after_us else last_us end as last_us,
        value = 1 or coalesce(bridged, false) as seen
    from scrapes as scrape
    left join carried using (scrape_target)
),
lives as (
    select environment, service, instance, labels, min(first_us) as first_us, max(last_us) as last_us
    from watched
    group by all
),
-- Several scrape targets of one instance: covered is what any of them covers.
starts as (
    select
        *,
        coalesce(
            first_us > max(last_us) over (
                partition by environment, service, instance, labels
                order by first_us, last_us
                rows between unbounded preceding and 1 preceding
            ),
            true
        ) as is_start
    from watched
    where seen
),
islands as (
    select
        *,
        count_if(is_start) over (
            partition by environment, service, instance, labels order by first_us, last_us rows unbounded preceding
        ) as island
    from starts
),
covered as (
    select environment, service, instance, labels, min(first_us) as first_us, max(last_us) as last_us
    from islands
    group by environment, service, instance, labels, island
),
ends as (
    select environment, service, instance, labels, first_us as covered_from_us, last_us as covered_to_us from covered
    union all
    select environment, service, instance, labels, first_us, first_us from lives
    union all
    select environment, service, instance, labels, last_us, last_us from lives
),
gaps as (
    select
        environment,
        service,
        instance,
        labels,
        max(covered_to_us) over (
            partition by environment, service, instance, labels
            order by covered_from_us, covered_to_us
            rows between unbounded preceding and 1 preceding
        ) as first_us,
        covered_from_us as last_us
    from ends
)
select environment, service, instance, labels, first_us, last_us, true as covered
from covered
union all
select environment, service, instance, labels, first_us, last_us, false as covered
from gaps
where last_us > first_us
