-- What would tell that something is wrong: every thing whose state was ever seen.
select distinct environment, service, breaker as name, 'breaker' as kind from breaker_states
union
select distinct environment, service, component as name, 'health' as kind from health_states
union
select distinct environment, service, null as name, 'level' as kind from service_level_spells
