-- Depths of queues where they changed, and where each depth was last seen.

-- step: spans
create or replace temp table fresh_spans as
select environment, service, from_us, to_us
from facts_gauge_scope
where kind = 'queue'

-- step: rows
create or replace temp table fresh_rows as
select
    track.environment,
    track.service,
    track.instance,
    coalesce(track.detail['queue'], '') as queue,
    coalesce(track.detail['queue_kind'], 'main') as kind,
    coalesce(track.detail['priority'], '') as priority,
    make_timestamptz(sample.sampled_us) as sampled_at,
    sample.value as depth,
    track.labels
from facts_gauge_samples as sample
join raw.tracks as track using (track_id)
where track.kind = 'queue'
