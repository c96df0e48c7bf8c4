-- Which services' sampled gauges are stale, and over which span. A run that grew moves its last sample.

-- step: scope
create or replace temp table facts_gauge_scope as
with stale as (
    select
        mark.track_id,
        least(
            min(mark.from_us),
            min(run.first_us) filter (where run.first_us <= mark.from_us and run.last_us >= mark.from_us)
        ) as from_us,
        max(mark.to_us) as to_us
    from raw.stale_counters as mark
    join raw.tracks as track using (track_id)
    join raw.runs as run using (track_id)
    where track.kind in ('queue', 'sessions')
    group by mark.track_id
)
select track.kind, track.environment, track.service, min(stale.from_us) as from_us, max(stale.to_us) as to_us
from stale
join raw.tracks as track using (track_id)
group by track.kind, track.environment, track.service

-- step: samples
-- The first and the last sample of every run: between them the value was the same at each.
create or replace temp table facts_gauge_samples as
select distinct track.track_id, ends.sampled_us, run.value
from facts_gauge_scope as scope
join raw.tracks as track using (kind, environment, service)
join raw.runs as run using (track_id)
cross join lateral (select unnest([run.first_us, run.last_us]) as sampled_us) as ends
where ends.sampled_us between scope.from_us and scope.to_us
    and not isnan(run.value)
