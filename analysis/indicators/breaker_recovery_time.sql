-- Lengths of the breaker episodes that opened in what is asked for; where an instance or an operation is asked for, of
-- the incidents there.
with asked as (
    select
        unnest($ask::bigint[]) as ask,
        make_timestamptz(unnest($from_us::bigint[])) as from_time,
        make_timestamptz(unnest($to_us::bigint[])) as to_time,
        unnest($environment::varchar[]) as environment,
        unnest($service::varchar[]) as service,
        unnest($operation::varchar[]) as operation,
        unnest($breaker::varchar[]) as breaker,
        unnest($instance::varchar[]) as instance,
        unnest($experiment::varchar[]) as experiment,
        unnest($experiments::boolean[]) as experiments
),

openings as (
    select
        false as is_detail,
        environment,
        service,
        breaker,
        null as operation,
        null as instance,
        opened_at,
        duration_s,
        duration_low_s,
        duration_high_s,
        experiment_id
    from breaker_episodes
    union all by name
    select
        true as is_detail,
        environment,
        service,
        breaker,
        operation,
        instance,
        opened_at,
        duration_s,
        duration_low_s,
        duration_high_s,
        experiment_id
    from breaker_incidents
)

select asked.ask, opening.duration_s, opening.duration_low_s, opening.duration_high_s
from asked
join openings as opening
    on opening.opened_at >= asked.from_time
    and opening.opened_at < asked.to_time
    and opening.is_detail = (asked.instance is not null or asked.operation is not null)
    and (asked.environment is null or opening.environment = asked.environment)
    and (asked.service is null or opening.service = asked.service)
    and (asked.operation is null or opening.operation = asked.operation)
    and (asked.breaker is null or opening.breaker = asked.breaker)
    and (asked.instance is null or opening.instance = asked.instance)
    and (asked.experiment is null or opening.experiment_id = asked.experiment)
    and (asked.experiments or opening.experiment_id is null)
