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

-- step: moved
-- Triggers that came or went since failovers were last looked for.
create or replace temp table failover_moved as
(select * from failover_downs except select * from raw.failover_triggers)
union all
(select * from raw.failover_triggers except select * from failover_downs)

-- step: there
-- Whether there is anything that failovers could be found in, or kept ones that could be other ones now.
select
    exists (from raw.sightings where kind = 'request') as calls,
    exists (from raw.tracks where kind in ('requests', 'retries') and (target <> '' or breaker <> '')) as counts,
    exists (from kept.failover_sightings) as kept,
    exists (from raw.stale_subjects where domain = 'event') as told

-- step: windows
-- When failovers that news may change began: around new calls, and around triggers that moved.
create or replace temp table failover_windows as
with spans as (
    select environment, service, from_us - $horizon_us::bigint as from_us, to_us + $horizon_us::bigint as to_us
    from raw.stale_sightings
    where kind = 'request'
    union all
    select environment, service, earliest_us - $horizon_us::bigint as from_us, latest_us + $horizon_us::bigint as to_us
    from failover_moved
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
        coalesce(round(try_cast(detail['duration_s'] as double) * 1e6)::bigint, 0) as lasted_us,
        occurred_us - lasted_us as started_us,
        occurred_us as ended_us,
        -- A duration in whole milliseconds was cut down to them: the call may have begun that much earlier.
        if(lasted_us > 0 and lasted_us % 1000 = 0, 1000, 0) as cut_us,
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
    select
        *,
        false as well,
        -- Of targets that take turns the last one to answer well says nothing: then it was the next to go down.
        coalesce(
            nullif(said_target, ''),
            nullif(before_target, target),
            (
                select arg_min(down.target, (down.latest_us, down.target))
                from failover_downs as down
                where down.environment = call.environment
                    and down.service = call.service
                    and down.target <> call.target
                    and down.latest_us >= call.started_us
                    and down.earliest_us <= call.ended_us + $quiet_us::bigint
            ),
            before_target
        ) as about
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
    min(started_us - cut_us) as earliest_us,
    max(ended_us) as last_us,
    bool_or(failed >= 3 and 2 * failed >= called) as by_share,
    coalesce(list(distinct target) filter (where good), []) as moved_to
from counted
group by source, environment, service, operation, labels, about, run

-- step: found
-- Those runs that trip a trigger, with the first good answer by another target that took over: calls were moved to it, or
-- it is declared ($whens, $tos: parallel, with $services), or it had not answered for a while. One that answered all along
-- is another dependency, or shares the work; and when it had last answered. No failover is what came when the run was over
-- (the target answered 3 calls well, or failed none for a while in which others did), or when another target had failed since.
with tripped as (
    select
        run.source,
        run.environment,
        run.service,
        run.operation,
        run.labels,
        run.from_target,
        run.failed_us,
        run.earliest_us,
        run.last_us,
        run.moved_to,
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
declared as (
    select
        unnest($services::varchar[]) as service,
        unnest($whens::varchar[]) as from_target,
        unnest($tos::varchar[]) as to_target
),
answers as (
    select
        tripped.*,
        call.target as to_target,
        min(call.ended_us) filter (where call.started_us >= tripped.failed_us) as served_us,
        max(call.ended_us) filter (where call.ended_us <= tripped.failed_us) as answered_us
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
        and call.started_us between tripped.failed_us - $horizon_us::bigint and tripped.failed_us + $horizon_us::bigint
    group by all
),
taken as (
    select *
    from answers
    where served_us is not null
        and (
            coalesce(answered_us < failed_us - $idle_us::bigint, true)
            or list_contains(moved_to, to_target)
            or (service, from_target, to_target) in (select (service, from_target, to_target) from declared)
        )
    qualify row_number() over (
        partition by source, environment, service, operation, labels, from_target, failed_us order by served_us, to_target
    ) = 1
),
over as (
    select taken.source, taken.environment, taken.service, taken.operation, taken.labels, from_target, failed_us
    from taken
    join failover_calls as call
        on call.environment = taken.environment
        and call.service = taken.service
        and call.source = taken.source
        and call.operation = taken.operation
        and call.labels = taken.labels
        and call.good
        and call.target not in ('', taken.to_target)
        and (call.target = taken.from_target or call.started_us > taken.last_us + $quiet_us::bigint)
        and call.started_us > taken.last_us
        and call.ended_us < taken.served_us
    group by all
    having count(*) >= 3
)
select * exclude (moved_to, last_us)
from taken
anti join over using (source, environment, service, operation, labels, from_target, failed_us)
where not exists (
    from taken as later
    where later.source = taken.source
        and later.environment = taken.environment
        and later.service = taken.service
        and later.operation = taken.operation
        and later.labels = taken.labels
        and later.to_target = taken.to_target
        and later.served_us = taken.served_us
        and later.failed_us > taken.last_us
)
order by environment, service, served_us, failed_us

-- step: windows_of
select seen_in, from_us, to_us
from (
    select *, 'calls' as seen_in from failover_windows
    union all
    select *, 'counters' as seen_in from failover_counted_windows
)
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

-- step: counted_windows
-- The same for counters by target: around what was counted anew, and around triggers that moved.
create or replace temp table failover_counted_windows as
with spans as (
    select environment, service, from_us - $horizon_us::bigint as from_us, to_us + $horizon_us::bigint as to_us
    from facts_scope
    union all
    select environment, service, earliest_us - $horizon_us::bigint as from_us, latest_us + $horizon_us::bigint as to_us
    from failover_moved
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

-- step: services
-- Services whose kept failovers may be other ones now, or with log lines that tell some.
select distinct seen.environment, seen.service
from kept.failover_sightings as seen
join (
    select *, 'calls' as seen_in from failover_windows
    union all
    select *, 'counters' as seen_in from failover_counted_windows
) as span using (environment, service, seen_in)
where epoch_us(seen.failed_latest) between span.from_us and span.to_us
union
select environment, service from raw.stale_subjects where domain = 'event'

-- step: looks
-- Where counters are worth a look: a target began to answer after a while (or is declared: $services, $whens, $tos are
-- parallel), and within the horizon before it another one failed or retried calls. By minutes, so a little too often.
with counted as (
    select environment, service, operation, target, bucket_start, bucket_s, outcome in ('success', 'fallback') as good
    from kept.request_counts
    where counted_by = 'metrics' and outcome not in ('client_error', 'cache_hit', 'cache_stale')
    union all
    select environment, service, operation, target, bucket_start, bucket_s, false as good
    from kept.retry_counts
    where counted_by = 'metrics' and unit = 'attempts'
),
minutes as (
    select counted.* exclude (bucket_start, bucket_s), epoch_us(bucket_start) as from_us,
        epoch_us(bucket_start) + (bucket_s * 1e6)::bigint as to_us
    from counted
    semi join failover_counted_windows as span
        on span.environment = counted.environment
        and span.service = counted.service
        and counted.bucket_start >= make_timestamptz(span.from_us - $horizon_us::bigint)
        and counted.bucket_start <= make_timestamptz(span.to_us + $horizon_us::bigint)
    where target <> ''
),
answering as (
    select distinct environment, service, operation, target, from_us, to_us from minutes where good
),
declared as (
    select
        unnest($services::varchar[]) as service,
        unnest($whens::varchar[]) as from_target,
        unnest($tos::varchar[]) as to_target
),
began as (
    select *
    from answering
    qualify coalesce(
        to_us - max(to_us) over (
            partition by environment, service, operation, target
            order by to_us, from_us
            rows between unbounded preceding and 1 preceding
        ) >= $idle_us::bigint,
        true
    )
    or (service, target) in (select (service, to_target) from declared)
),
looks as (
    select distinct
        began.environment,
        began.service,
        began.from_us - $horizon_us::bigint as from_us,
        began.to_us + 60000000 as to_us
    from began
    where exists (
        from minutes as failing
        where not failing.good
            and failing.environment = began.environment
            and failing.service = began.service
            and failing.operation = began.operation
            and failing.target <> began.target
            and failing.to_us between began.from_us - $horizon_us::bigint and began.to_us + 60000000
    )
),
starts as (
    select
        *,
        coalesce(from_us > max(to_us) over before_it, true) as is_start
    from looks
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
order by environment, service, from_us

-- step: counters
-- The samples of the counters by target in and around such a window, and one run before.
with tracks as (
    select track_id, source, operation, labels, target, kind, detail['outcome'] as outcome
    from raw.tracks
    where environment = $environment
        and service = $service
        and target <> ''
        and (kind = 'requests' and detail['outcome'] <> '' or kind = 'retries' and detail['unit'] = 'attempts')
)
select tracks.*, run.first_us, run.last_us, run.value, run.read_s, run.assumed
from tracks
join raw.runs as run using (track_id)
where run.first_us <= $to_us
qualify run.last_us >= $from_us or lead(run.last_us) over (partition by track_id order by run.first_us) >= $from_us
order by track_id, run.first_us

-- step: downs_of
select target, trigger, earliest_us, latest_us
from failover_downs
where environment = $environment and service = $service

-- step: forget
delete from raw.failover_triggers
where exists (from failover_moved)

-- step: remember
insert into raw.failover_triggers
select * from failover_downs
where exists (from failover_moved)
