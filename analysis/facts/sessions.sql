-- Sessions alive where their number changed, and where each number was last seen.

-- step: fresh
create or replace temp table facts_fresh as
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

-- step: changed
-- From where to where the rows of the stale span differ from those that are kept; NULL where they do not.
with kept_rows as (
    select kept.*
    from kept.sessions as kept
    join facts_gauge_scope as scope using (environment, service)
    where scope.kind = 'sessions'
        and kept.sampled_at between make_timestamptz(scope.from_us) and make_timestamptz(scope.to_us)
),
differences as (
    (select * from kept_rows except all select * from facts_fresh)
    union all
    (select * from facts_fresh except all select * from kept_rows)
)
select epoch_us(min(sampled_at)) as from_us, epoch_us(max(sampled_at)) as to_us
from differences

-- step: delete
delete from kept.sessions as kept
using facts_gauge_scope as scope
where scope.kind = 'sessions'
    and kept.environment = scope.environment
    and kept.service = scope.service
    and kept.sampled_at between make_timestamptz(scope.from_us) and make_timestamptz(scope.to_us)

-- step: insert
insert into kept.sessions by name
select * from facts_fresh
