-- Breakers that a restart closed, and how many breakers are seen there at all.
with asked as (
    select
        unnest($ask::bigint[]) as ask,
        make_timestamptz(unnest($from_us::bigint[])) as from_time,
        make_timestamptz(unnest($to_us::bigint[])) as to_time,
        unnest($environment::varchar[]) as environment,
        unnest($service::varchar[]) as service,
        unnest($breaker::varchar[]) as breaker
)

select
    asked.ask,
    count(distinct finding.finding_id) as lost,
    any_value((
        select count(*)
        from breaker_states as state
        where (asked.environment is null or state.environment = asked.environment)
            and (asked.service is null or state.service = asked.service)
            and (asked.breaker is null or state.breaker = asked.breaker)
    )) as breakers
from asked
left join findings as finding
    on finding.kind = 'state_lost_on_restart'
    and finding.first_seen >= asked.from_time
    and finding.first_seen < asked.to_time
    and (asked.environment is null or finding.environment = asked.environment)
    and (asked.service is null or finding.service = asked.service)
    and (asked.breaker is null or finding.subject = asked.breaker)
group by asked.ask
