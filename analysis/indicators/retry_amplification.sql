-- Calls and attempts of what is asked for, by who calls whom for what; a bucket that straddles an edge counts by its share.
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
        environment, service, operation, target, instance, bucket_start,
        bucket_start + to_microseconds((bucket_s * 1e6)::bigint) as bucket_end,
        case when unit = 'calls' then 'calls' when first_attempts then 'attempts' else 'repeated' end as unit, count
    from retry_counts
    union all
    -- Who counts only repeated attempts counts the calls among all requests.
    select
        environment, service, operation, target, instance, bucket_start,
        bucket_start + to_microseconds((bucket_s * 1e6)::bigint), 'requests', count
    from request_counts
),
counted as (
    select
        asked.ask, told.environment, told.service, told.operation, told.target, told.unit, told.count,
        told.bucket_start >= asked.from_time and told.bucket_end <= asked.to_time as inside,
        epoch_us(least(told.bucket_end, asked.to_time) - greatest(told.bucket_start, asked.from_time))
            / greatest(epoch_us(told.bucket_end - told.bucket_start), 1) as share
    from asked
    join told
        on told.bucket_start < asked.to_time
        and told.bucket_end > asked.from_time
        and (asked.environment is null or told.environment = asked.environment)
        and (asked.service is null or told.service = asked.service)
        and (asked.operation is null or told.operation = asked.operation)
        and (asked.target is null or told.target = asked.target)
        and (asked.instance is null or told.instance = asked.instance)
),
by_whom as (
    select
        ask, environment, service, operation, target, unit,
        sum(count * share) as likely,
        coalesce(sum(count) filter (inside), 0) as low,
        sum(count) as high
    from counted
    group by all
),
-- Calls that are counted by who retries go before requests; requests only stand in where retries are counted at all.
wide as (
    select
        ask, service, operation, target,
        any_value({'likely': likely, 'low': low, 'high': high}) filter (unit = 'calls') as calls,
        any_value({'likely': likely, 'low': low, 'high': high}) filter (unit = 'requests') as requests,
        any_value({'likely': likely, 'low': low, 'high': high}) filter (unit = 'attempts') as attempts,
        any_value({'likely': likely, 'low': low, 'high': high}) filter (unit = 'repeated') as repeated
    from by_whom
    group by ask, environment, service, operation, target
    having count_if(unit <> 'requests') > 0
)
select
    ask,
    service,
    operation,
    target,
    calls is null and requests is not null as by_requests,
    attempts is null and repeated is null as uncounted,
    coalesce(calls.likely, requests.likely, 0)::double as calls,
    coalesce(calls.low, requests.low, 0)::double as calls_low,
    coalesce(calls.high, requests.high, 0)::double as calls_high,
    coalesce(attempts.likely - coalesce(calls.likely, requests.likely), repeated.likely, 0)::double as repeated,
    coalesce(attempts.low - coalesce(calls.low, requests.low), repeated.low, 0)::double as repeated_low,
    coalesce(attempts.high - coalesce(calls.high, requests.high), repeated.high, 0)::double as repeated_high
from wide
order by ask, service, operation, target
