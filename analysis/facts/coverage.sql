-- When each source saw which service and instance, and when it did not.

-- step: sources
select distinct track.source
from raw.stale_counters as mark
join raw.tracks as track using (track_id)
where track.kind = 'scrape'
order by track.source

-- step: targets
select track_id, scrape_target, environment, service, instance, labels
from raw.tracks
where kind = 'scrape' and source = $source
order by track_id

-- step: carried
-- Whom each scrape target covers: those whose tracks it carried.
select distinct scrape_target, environment, service, instance, labels
from raw.tracks
where source = $source and kind not in ('scrape', 'process_start')
union
-- A log, read to its end like a target that was scraped, covers those that its lines tell of.
select distinct scrape.scrape_target, told.environment, told.service, told.instance, told.labels
from raw.told_subjects as told
join raw.tracks as scrape using (source)
where told.source = $source and scrape.kind = 'scrape'

-- step: scrapes
select run.track_id, run.first_us, run.last_us, run.value
from raw.tracks as track
join raw.runs as run using (track_id)
where track.kind = 'scrape' and track.source = $source
order by run.track_id, run.first_us
