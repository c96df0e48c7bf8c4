-- How far each cascade went.
-- include: asked_cascades.sql
select
    ask,
    cascade_id,
    basis,
    coalesce(max(depth) filter (follower is not null), 0) as depth,
    coalesce(max(depth) filter (follower is not null and sure), 0) as sure_depth,
    count(follower) as followers
from asked_cascades
group by ask, cascade_id, basis
