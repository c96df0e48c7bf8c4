-- Sessions alive where their number changed, and where each number was last seen.

-- step: spans
create or replace temp table fresh_spans as
select environment, service, from_us, to_us
from facts_gauge_scope
where kind = 'sessions'

-- step: rows
create or replace temp table fresh_rows as
select
    track.environment,
    track.service,
    track.instance,
    coalesce(track.detail['session_kind'], 'session') as kind,
    make_timestamptz(sample.sampled_us) as sampled_at,
    sample.value as alive,
    track.labels
from facts_gauge_samples as sample
join raw.tracks as track using (track_id)
where track.kind = 'sessions'
