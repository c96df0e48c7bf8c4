-- From the first call that a target failed to the first good answer by another one.

-- step: failovers
with asked as (
    select
        unnest($ask::bigint[]) as ask,
        make_timestamptz(unnest($from_us::bigint[])) as from_time,
        make_timestamptz(unnest($to_us::bigint[])) as to_time,
        unnest($environment::varchar[]) as environment,
        unnest($service::varchar[]) as service,
        unnest($operation::varchar[]) as operation,
        unnest($target::varchar[]) as target,
        unnest($experiment::varchar[]) as experiment,
        unnest($experiments::boolean[]) as experiments
)

select asked.ask, failover.duration_s, failover.duration_low_s, failover.duration_high_s
from asked
join failovers as failover
    on coalesce(failover.failed_at, failover.served_at) >= asked.from_time
    and coalesce(failover.failed_at, failover.served_at) < asked.to_time
    and (asked.environment is null or failover.environment = asked.environment)
    and (asked.service is null or failover.service = asked.service)
    and (asked.operation is null or failover.operation = asked.operation)
    and (asked.target is null or failover.from_target = asked.target)
    and (asked.experiment is null or failover.experiment_id = asked.experiment)
    and (asked.experiments or failover.experiment_id is null)

-- step: failures
-- Of an experiment in which nobody took over: the calls that failed and were not answered elsewhere.
-- include: failures_between.sql
