-- The direct dependants of the components that were hurt first in what is asked for.
-- include: asked_cascades.sql
select ask, max(fan_out) as fan_out, count(distinct cascade_id) as cascades
from asked_cascades
where basis = 'dependencies'
group by ask
