-- Retries of fatal errors, those that may be some, and whether anybody tells of retries at all.
with asked as (
    select
        unnest($ask::bigint[]) as ask,
        make_timestamptz(unnest($from_us::bigint[])) as from_time,
        make_timestamptz(unnest($to_us::bigint[])) as to_time,
        unnest($environment::varchar[]) as environment,
        unnest($service::varchar[]) as service,
        unnest($operation::varchar[]) as operation,
        unnest($target::varchar[]) as target,
        unnest($instance::varchar[]) as instance
),
told as (
    select
        asked.ask,
        attempt.error_class,
        -- Only the errors of services that declare classes are known not to be fatal when they match none.
        attempt.error is not null and list_contains($classified::varchar[], attempt.service) as judged,
        attempt.wait_s is not null
            or (attempt.attempt > 1 and (attempt.call_id is not null or attempt.outcome is distinct from 'failure'))
            as repeated,
        attempt.attempt is null or attempt.attempt > 1 as may_be_repeated
    from asked
    join retry_attempts as attempt
        on attempt.occurred_at >= asked.from_time
        and attempt.occurred_at < asked.to_time
        and (asked.environment is null or attempt.environment = asked.environment)
        and (asked.service is null or attempt.service = asked.service)
        and (asked.operation is null or attempt.operation = asked.operation)
        and (asked.target is null or attempt.target = asked.target)
        and (asked.instance is null or attempt.instance = asked.instance)
),
lines as (
    select
        ask,
        count(*) as lines,
        count_if(error_class = 'fatal' and repeated) as fatal,
        count_if(
            (error_class = 'fatal' and may_be_repeated and not repeated)
            or (error_class is null and not judged and (repeated or may_be_repeated))
        ) as unclear
    from told
    group by ask
),
counted as (
    select asked.ask, sum(counts.count)::bigint as counted
    from asked
    join retry_counts as counts
        on counts.bucket_start < asked.to_time
        and counts.bucket_start + to_microseconds((counts.bucket_s * 1e6)::bigint) > asked.from_time
        and counts.unit = 'attempts'
        and counts.counted_by = 'metrics'
        and not counts.first_attempts
        and (asked.environment is null or counts.environment = asked.environment)
        and (asked.service is null or counts.service = asked.service)
        and (asked.operation is null or counts.operation = asked.operation)
        and (asked.target is null or counts.target = asked.target)
        and (asked.instance is null or counts.instance = asked.instance)
    group by asked.ask
)
select
    asked.ask,
    coalesce(any_value(lines.lines), 0) as lines,
    coalesce(any_value(lines.fatal), 0) as fatal,
    coalesce(any_value(lines.unclear), 0) as unclear,
    coalesce(any_value(counted.counted), 0) as counted,
    bool_or(
        exists (
            from retry_attempts as ever
            where (asked.environment is null or ever.environment = asked.environment)
                and (asked.service is null or ever.service = asked.service)
        )
        or exists (
            from retry_counts as ever
            where (asked.environment is null or ever.environment = asked.environment)
                and (asked.service is null or ever.service = asked.service)
        )
    )::bigint as sources
from asked
left join lines using (ask)
left join counted using (ask)
group by asked.ask
