-- Failovers in the calls that log lines tell: from the start of the first call that a target failed, in a run that trips
-- a trigger, to the end of the first good answer by another target.
-- $horizon_us: how far apart the two may be, and how far around news calls are looked at. $quiet_us: a target that failed
-- no call for so long has ended its run; so has one that answered 3 calls well in a row.

-- step: downs
-- What can trip a failover: a target that went down, or a breaker that opened before it.
create or replace temp table failover_downs as
select
    environment,
    service,
    component as target,
    'health' as trigger,
    epoch_us(occurred_earliest) as earliest_us,
    epoch_us(occurred_latest) as latest_us
from kept.health_changes
where to_state = 'down' and component <> ''
union all
select
    environment,
    service,
    breaker as target,
    'breaker' as trigger,
    epoch_us(occurred_earliest) as earliest_us,
    epoch_us(occurred_latest) as latest_us
from kept.breaker_transitions
where to_state in ('open', 'forced_open')

-- step: windows
-- When failovers that news may change began: around new calls, and around the triggers of services whose triggers moved.
create or replace temp table failover_windows as
with spans as (
    select environment, service, from_us - $horizon_us::bigint as from_us, to_us + $horizon_us::bigint as to_us
    from raw.stale_sightings
    where kind = 'request'
    union all
    select environment, service, earliest_us - $horizon_us::bigint as from_us, latest_us + $horizon_us::bigint as to_us
    from failover_downs
    semi join (select environment, service from raw.stale_subjects where domain in ('health', 'breaker')) as moved
        using (environment, service)
),
starts as (
    select
        *,
        coalesce(from_us > max(to_us) over before_it, true) as is_start
    from spans
    window before_it as (
        partition by environment, service order by from_us, to_us rows between unbounded preceding and 1 preceding
    )
),
islands as (
    select *, count_if(is_start) over (partition by environment, service order by from_us, to_us) as island from starts
)
select environment, service, min(from_us) as from_us, max(to_us) as to_us
from islands
group by environment, service, island

-- step: calls
-- The calls in and around those windows, and which target had answered well before each. What a client did wrong says
-- nothing of a target.
create or replace temp table failover_calls as
with told as (
    select
        sighting_id,
        source,
        environment,
        service,
        operation,
        labels,
        target,
        occurred_us - coalesce((try_cast(detail['duration_s'] as double) * 1e6)::bigint, 0) as started_us,
        occurred_us as ended_us,
        detail['outcome'] in ('success', 'fallback') as good,
        coalesce(detail['moved'] = 'true', false) as moved,
        detail['from_target'] as said_target
    from raw.sightings as sighting
    where kind = 'request'
        and detail['outcome'] not in ('client_error', 'cache_hit', 'cache_stale')
        and exists (
            from failover_windows as span
            where span.environment = sighting.environment
                and span.service = sighting.service
                and sighting.occurred_us >= span.from_us - $horizon_us::bigint
                and sighting.occurred_us <= span.to_us + $horizon_us::bigint
        )
)
select
    *,
    last_value(case when good and target <> '' then target end ignore nulls) over before_it as before_target
from told
window before_it as (
    partition by source, environment, service, operation, labels
    order by started_us, ended_us, sighting_id
    rows between unbounded preceding and 1 preceding
)

-- step: runs
-- Runs of bad calls by target. A call that nobody answered was meant for the target in use. One that was moved counts
-- against the target that it was moved from; so does one that another target answered and in which that one went down.
create or replace temp table failover_runs as
with evidence as (
    select *, good as well, target as about from failover_calls where good and target <> ''
    union all
    select *, false as well, coalesce(nullif(target, ''), before_target) as about from failover_calls where not good
    union all
    select *, false as well, coalesce(nullif(said_target, ''), before_target) as about
    from failover_calls as call
    where good
        and (
            moved
            or exists (
                from failover_downs as down
                where down.environment = call.environment
                    and down.service = call.service
                    and down.target = call.before_target
                    and down.earliest_us <= call.ended_us
                    and down.latest_us >= call.started_us
            )
        )
),
placed as (
    select *, row_number() over (
        partition by source, environment, service, operation, labels, about
        order by started_us, well, ended_us, sighting_id
    ) as place
    from evidence
    where about <> '' and (well or about <> target or not good)
),
bad as (
    select
        *,
        coalesce(
            place - lag(place) over in_order > 3 or started_us - lag(ended_us) over in_order > $quiet_us::bigint, true
        ) as is_start
    from placed
    where not well
    window in_order as (partition by source, environment, service, operation, labels, about order by place)
),
numbered as (
    select *, count_if(is_start) over (
        partition by source, environment, service, operation, labels, about order by place
    ) as run
    from bad
),
counted as (
    select
        *,
        row_number() over in_run as failed,
        place - first_value(place) over in_run + 1 as called
    from numbered
    window in_run as (
        partition by source, environment, service, operation, labels, about, run
        order by place
        rows between unbounded preceding and current row
    )
)
select
    source,
    environment,
    service,
    operation,
    labels,
    about as from_target,
    run,
    min(started_us) as failed_us,
    max(ended_us) as last_us,
    bool_or(failed >= 3 and 2 * failed >= called) as by_share
from counted
group by source, environment, service, operation, labels, about, run

-- step: found
-- Those runs that trip a trigger, with the first good answer by another target, and when that one had last answered.
with tripped as (
    select
        run.source,
        run.environment,
        run.service,
        run.operation,
        run.labels,
        run.from_target,
        run.failed_us,
        case
            when count_if(down.trigger = 'health') > 0 then 'health'
            when count_if(down.trigger = 'breaker') > 0 then 'breaker'
            else 'error_share'
        end as trigger
    from failover_runs as run
    left join failover_downs as down
        on down.environment = run.environment
        and down.service = run.service
        and down.target = run.from_target
        and down.latest_us >= run.failed_us
        and down.earliest_us <= run.last_us + $quiet_us::bigint
    where exists (
        from failover_windows as span
        where span.environment = run.environment
            and span.service = run.service
            and run.failed_us between span.from_us and span.to_us
    )
    group by all
    having bool_or(run.by_share) or count(down.trigger) > 0
),
served as (
    select tripped.*, call.target as to_target, call.ended_us as served_us
    from tripped
    join failover_calls as call
        on call.environment = tripped.environment
        and call.service = tripped.service
        and call.source = tripped.source
        and call.operation = tripped.operation
        and call.labels = tripped.labels
        and call.good
        and call.target <> ''
        and call.target <> tripped.from_target
        and call.started_us between tripped.failed_us and tripped.failed_us + $horizon_us::bigint
    qualify row_number() over (
        partition by
            tripped.source, tripped.environment, tripped.service, tripped.operation, tripped.labels,
            tripped.from_target, tripped.failed_us
        order by call.ended_us, call.target
    ) = 1
)
select served.*, max(call.ended_us) as answered_us
from served
left join failover_calls as call
    on call.environment = served.environment
    and call.service = served.service
    and call.source = served.source
    and call.operation = served.operation
    and call.labels = served.labels
    and call.good
    and call.target = served.to_target
    and call.ended_us <= served.failed_us
group by all
order by served.environment, served.service, served.served_us, served.failed_us

-- step: services
select environment, service from failover_windows
union
select environment, service from raw.stale_subjects where domain = 'event'
order by environment, service

-- step: windows_of
select from_us, to_us
from failover_windows
where environment = $environment and service = $service

-- step: told
-- Log lines that tell a failover themselves.
select
    source,
    operation,
    coalesce(detail['from_target'], '') as from_target,
    coalesce(detail['to_target'], '') as to_target,
    epoch_us(try_cast(detail['failed_at'] as timestamptz)) as failed_us,
    occurred_us as served_us,
    coalesce(detail['trigger'], '') as trigger,
    labels
from raw.sightings
where kind = 'failover'
    and environment = $environment
    and service = $service

-- step: kept
select * exclude (row_id, environment, service)
from kept.failover_sightings
where environment = $environment and service = $service and seen_in = $seen_in
