-- What would tell that something is wrong: every thing whose state was ever seen, and who told of its changes.
select environment, service, breaker as name, 'breaker' as kind, sources
from breaker_states
union all
select environment, service, component as name, 'health' as kind, []::varchar[] as sources
from health_states
union all
select environment, service, component as name, 'health' as kind, sources
from health_changes
union all
select environment, service, null as name, 'level' as kind, []::varchar[] as sources
from service_level_spells
union all
select environment, service, null as name, 'level' as kind, sources
from service_level_changes
