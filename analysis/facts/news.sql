-- Of which kinds there is anything new: what cannot have changed is not even looked at.

-- step: kinds
select
    coalesce(
        (
            select list(distinct track.kind)
            from raw.stale_counters as mark
            join raw.tracks as track using (track_id)
        ),
        []
    ) as sampled,
    coalesce((select list(distinct kind) from raw.stale_sightings), []) as sighted,
    coalesce((select list(distinct domain) from raw.stale_subjects), []) as domains

-- step: no_scope
-- Nothing was counted anew: what is derived from the counts finds these tables empty.
create or replace temp table facts_scope as
select environment, service, from_us, to_us from raw.stale_sightings limit 0

-- step: no_restarts
create or replace temp table facts_restarts as
select source, scrape_target, 0::bigint as before_us, 0::bigint as after_us from raw.tracks limit 0
