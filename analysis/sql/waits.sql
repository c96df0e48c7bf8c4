-- Waits between attempts of one call, each with what it proves: judged(ask, …, word). Where word is neither kept nor
-- unknown, it says how the wait breaks the declared policy, or else the growth and jitter that any should have.
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
policies as (
    select
        unnest($policy_service::varchar[]) as service,
        unnest($policy_name::varchar[]) as name,
        unnest($initial_s::double[]) as initial_s,
        unnest($factor::double[]) as factor,
        unnest($max_delay_s::double[]) as max_delay_s,
        unnest($max_attempts::bigint[]) as max_attempts,
        unnest($jitter::boolean[]) as jitter
),
lines as (
    select
        asked.ask, attempt.environment, attempt.service, attempt.operation, attempt.target, attempt.instance,
        attempt.call_id, attempt.attempt, attempt.occurred_at, attempt.wait_s,
        row_number() over of_call as place,
        count(*) over of_whole_call as of_lines,
        count(attempt.wait_s) over of_whole_call as of_waits,
        max(attempt.wait_s) over of_whole_call as longest_s,
        epoch_us(attempt.occurred_at - lag(attempt.occurred_at) over of_call) / 1e6 as gap_s
    from asked
    join retry_attempts as attempt
        on attempt.occurred_at >= asked.from_time
        and attempt.occurred_at < asked.to_time
        and (asked.environment is null or attempt.environment = asked.environment)
        and (asked.service is null or attempt.service = asked.service)
        and (asked.operation is null or attempt.operation = asked.operation)
        and (asked.target is null or attempt.target = asked.target)
        and (asked.instance is null or attempt.instance = asked.instance)
    window
        of_whole_call as (partition by
            asked.ask, attempt.environment, attempt.service, attempt.operation, attempt.instance, attempt.call_id),
        of_call as (of_whole_call order by attempt.occurred_at, attempt.attempt)
),
-- Who says how long it waited is believed. A first or last line without a wait is the first attempt of a call, or the one
-- that gave up. Where no line says it, the wait is no longer than the time between two lines.
waits as (
    select *, case
        when call_id is null then wait_s
        when wait_s > 0 then wait_s
        when of_waits > 0 and longest_s > 0 and place > 1 and place < of_lines then wait_s
        when of_waits = of_lines and longest_s = 0 and place < of_lines then wait_s
        when of_waits = 0 then gap_s
    end as waited_s, call_id is not null and of_waits = 0 as between_lines
    from lines
),
numbered as (
    select
        *,
        case
            when call_id is not null then row_number() over of_call
            else attempt - min(attempt) over of_operation + 1
        end as place_of_wait,
        case when call_id is not null then lag(waited_s) over of_call end as before_s
    from waits
    where waited_s is not null
    window
        of_call as (
            partition by ask, environment, service, operation, instance, call_id order by occurred_at, attempt
        ),
        of_operation as (partition by ask, environment, service, operation, instance, call_id is null)
),
gathered as (
    select
        *,
        count(*) over alike as calls,
        max(waited_s) over alike - min(waited_s) over alike as spread_s,
        median(waited_s) over alike as median_s,
        avg(waited_s) over alike as mean_s
    from numbered
    window alike as (partition by ask, environment, service, operation, target, place_of_wait)
),
medians as (
    select ask, environment, service, operation, target, place_of_wait + 1 as place_of_wait, any_value(median_s) as median_s
    from gathered
    where calls >= 5
    group by ask, environment, service, operation, target, gathered.place_of_wait
),
held as (
    select
        one.ask, one.environment, one.service, one.operation, one.target, one.occurred_at, one.waited_s, one.between_lines, one.place_of_wait, one.before_s, one.calls, one.mean_s, one.median_s,
        one.median_s > earlier.median_s and one.calls >= 5 as grows_mostly,
        policy.initial_s is not null as declared, policy.jitter, policy.max_attempts,
        -- Alike from call to call: a hundredth is less than any jitter leaves between three calls.
        one.place_of_wait is not null and one.calls >= 3 and one.spread_s <= greatest(0.001, one.median_s / 100) as alike,
        least(
            coalesce(policy.max_delay_s, 'infinity'),
            policy.initial_s * coalesce(policy.factor, 1) ** (coalesce(one.place_of_wait, 1) - 1)
        ) as least_s,
        least(
            coalesce(policy.max_delay_s, 'infinity'),
            case
                when one.place_of_wait = 1 then policy.initial_s
                when one.place_of_wait is null or policy.factor is null then 'infinity'::double
                else policy.initial_s * policy.factor ** (one.place_of_wait - 1)
            end
        ) as most_s
    from gathered as one
    left join medians as earlier
        on earlier.ask = one.ask and earlier.environment is not distinct from one.environment
        and earlier.service = one.service and earlier.operation is not distinct from one.operation
        and earlier.target is not distinct from one.target and earlier.place_of_wait = one.place_of_wait
    left join policies as policy
        on policy.service = one.service and policy.name in (one.operation, one.target)
),
judged as (
    select *, case
        when place_of_wait >= max_attempts then 'attempts'
        when declared and jitter and alike then 'jitter'
        when declared and jitter and calls >= 5 and mean_s < least_s / 5 then 'short'
        -- What is printed is rounded: a twentieth of a second either way is no difference.
        when declared and waited_s < least_s * case when jitter then 0.01 when jitter is null then 0.5 else 0.9 end
            - case when jitter then 0 else 0.05 end then 'short'
        when declared and waited_s > most_s * case when jitter = false then 1.1 else 1.5 end + 0.05
            then case when between_lines then 'unknown' else 'long' end
        when declared and place_of_wait is null then 'unknown'
        when declared then 'kept'
        when place_of_wait is null then 'unknown'
        when alike then 'jitter'
        when place_of_wait = 1 then case when calls > 1 then 'kept' else 'unknown' end
        when waited_s > before_s or grows_mostly then 'kept'
        when before_s is null then 'unknown'
        else 'flat'
    end as word
    from held
)
