-- Calls of services in and around minutes in which many failed.
-- $reach_us: how far around such a minute calls are looked at. $outcomes and $readings are parallel: how the default policy
-- reads an outcome, good or bad. $services and $least_good likewise: the share of good calls that is promised of a service.

-- step: scope
-- Where counts or calls are new.
create or replace temp table failing_scope as
select environment, service, from_us - $reach_us::bigint as from_us, to_us + $reach_us::bigint as to_us
from facts_scope

-- step: scope_everywhere
create or replace temp table failing_scope as
select distinct environment, service, -4000000000000000 as from_us, 4000000000000000 as to_us
from kept.request_counts

-- step: span
select min(from_us) as from_us, max(to_us) as to_us from failing_scope

-- step: kept
-- Spells that new evidence may change: those that lie in or reach into what is new.
create or replace temp table failing_kept as
select
    spell.environment,
    spell.service,
    epoch_us(spell.started_latest) as from_us,
    coalesce(epoch_us(spell.ended_latest), scope.to_us) as to_us
from kept.outage_spells as spell
join failing_scope as scope using (environment, service)
where spell.cause = 'failures'
    and epoch_us(spell.started_earliest) <= scope.to_us
    and (spell.ended_at is null or epoch_us(spell.ended_latest) >= scope.from_us)
union all
select
    spell.environment,
    spell.service,
    epoch_us(spell.failed_latest) as from_us,
    coalesce(epoch_us(spell.served_latest), epoch_us(spell.last_failed_latest)) as to_us
from kept.failure_spells as spell
join failing_scope as scope using (environment, service)
where epoch_us(spell.failed_earliest) <= scope.to_us
    and coalesce(epoch_us(spell.served_latest), epoch_us(spell.last_failed_latest)) >= scope.from_us

-- step: islands
-- Where to look: minutes in which many calls failed, and what was found before, with what lies around.
-- Counts are looked at roughly here, by whoever counted and whole for an operation or a target, so a little too often.
create or replace temp table failing_islands as
with readings as (
    select unnest($outcomes::varchar[]) as outcome, unnest($readings::varchar[]) as reading
),
promised as (
    select unnest($services::varchar[]) as service, unnest($least_good::double[]) as least_good
),
minutes as (
    select
        counts.environment,
        counts.service,
        counts.counted_by,
        counts.labels,
        counts.vantage,
        counts.operation,
        counts.target,
        epoch_us(counts.bucket_start) as from_us,
        epoch_us(counts.bucket_start) + (counts.bucket_s * 1e6)::bigint as to_us,
        counts.count,
        readings.reading
    from kept.request_counts as counts
    join failing_scope as scope
        on scope.environment = counts.environment
        and scope.service = counts.service
        and counts.bucket_start >= make_timestamptz(scope.from_us)
        and counts.bucket_start <= make_timestamptz(scope.to_us)
    join readings using (outcome)
    where counts.role = ''
        -- The whole span once more: nothing outside of it need be read.
        and counts.bucket_start >= make_timestamptz($from_us::bigint)
        and counts.bucket_start <= make_timestamptz($to_us::bigint)
),
counted as (
    select
        environment,
        service,
        from_us,
        to_us,
        coalesce(sum(count) filter (where reading = 'bad'), 0) as bad,
        coalesce(sum(count) filter (where reading = 'good'), 0) as good
    from minutes
    group by grouping sets (
        (environment, service, from_us, to_us, counted_by, labels, vantage),
        (environment, service, from_us, to_us, counted_by, labels, vantage, operation),
        (environment, service, from_us, to_us, counted_by, labels, vantage, target)
    )
    having bad >= 5
),
spans as (
    select counted.environment, counted.service, counted.from_us, counted.to_us
    from counted
    left join promised using (service)
    -- Several things that count calls beside each other water the share down: a quarter of what is allowed is looked at.
    where counted.good < (1 - (1 - coalesce(promised.least_good, $usual::double)) / 4) * (counted.bad + counted.good)
    union all
    select environment, service, from_us, to_us from failing_kept
),
starts as (
    select
        *,
        coalesce(from_us > max(to_us) over before_it + 2 * $reach_us::bigint, true) as is_start
    from spans
    window before_it as (
        partition by environment, service order by from_us, to_us rows between unbounded preceding and 1 preceding
    )
),
numbered as (
    select *, count_if(is_start) over (partition by environment, service order by from_us, to_us) as island from starts
)
select environment, service, min(from_us) as from_us, max(to_us) as to_us
from numbered
group by environment, service, island

-- step: looks
select environment, service, from_us, to_us from failing_islands order by environment, service, from_us

-- step: touched
-- Services with something new, and the span of it: whose kept spells in it are replaced.
select scope.environment, scope.service, scope.from_us, scope.to_us
from failing_scope as scope
semi join (
    select environment, service from failing_islands
    union
    select environment, service from failing_kept
) as found using (environment, service)
order by scope.environment, scope.service

-- step: told
-- Calls told one by one in some spans ($place, $environment, $service, $from_us, $to_us: parallel), of each unbroken row of
-- good or of bad ones in a slice the first and the last. A duration in whole milliseconds was cut down to them, so the call
-- may have begun that much earlier.
with readings as (
    select unnest($outcomes::varchar[]) as outcome, unnest($readings::varchar[]) as reading
),
spans as (
    select
        unnest($place::bigint[]) as place,
        unnest($environment::varchar[]) as environment,
        unnest($service::varchar[]) as service,
        unnest($from_us::bigint[]) as from_us,
        unnest($to_us::bigint[]) as to_us
),
told as (
    select
        spans.place,
        told.sighting_id,
        told.environment,
        told.service,
        'logs:' || coalesce(nullif(told.profile, ''), told.source) as counted_by,
        told.source,
        told.operation,
        coalesce(nullif(told.target, ''), told.breaker) as target,
        told.breaker,
        coalesce(told.detail['vantage'], if(told.breaker <> '', 'client', 'server')) as vantage,
        told.labels,
        told.detail['outcome'] as outcome,
        told.occurred_us as ended_us,
        coalesce(round(try_cast(told.detail['duration_s'] as double) * 1e6)::bigint, 0) as lasted_us,
        if(lasted_us > 0 and lasted_us % 1000 = 0, 1000, 0) as cut_us
    from raw.sightings as told
    join spans
        on spans.environment = told.environment
        and spans.service = told.service
        and told.occurred_us between spans.from_us and spans.to_us
    where told.kind = 'request'
        and told.occurred_us between $least_us::bigint and $most_us::bigint
),
believed as (
    select told.*, readings.reading = 'good' as good
    from told
    join readings using (outcome)
    where readings.reading in ('good', 'bad')
        and not exists (
            from kept.count_witnesses as other
            where other.relation = 'request_counts'
                and not other.chosen
                and other.environment = told.environment
                and other.service = told.service
                and other.counted_by = told.counted_by
                and other.vantage in ('', told.vantage)
                and other.breaker = told.breaker
                and other.vantage in ('', told.vantage)
                and other.labels = told.labels
                and make_timestamptz(told.ended_us) >= other.day_start
                and make_timestamptz(told.ended_us) < other.day_end
        )
),
turned as (
    select *, good is distinct from lag(good) over in_order as turns
    from believed
    window in_order as (partition by place, labels order by ended_us, sighting_id)
),
numbered as (
    select *, count_if(turns) over (partition by place, labels order by ended_us, sighting_id) as row_of_them from turned
),
rows_of_them as (
    select
        place,
        counted_by,
        source,
        operation,
        target,
        vantage,
        labels,
        good,
        row_of_them,
        ended_us // $slice_us::bigint as slice,
        min(ended_us) as first_us,
        max(ended_us) as last_us,
        count(*) as number,
        min(ended_us - lasted_us - cut_us) as begun_earliest_us,
        min(ended_us - lasted_us) as begun_latest_us
    from numbered
    group by all
)
select * exclude (row_of_them, slice, first_us, last_us, number), first_us as ended_us, 1 as number
from rows_of_them
union all
select * exclude (row_of_them, slice, first_us, last_us, number), last_us as ended_us, number - 1 as number
from rows_of_them
where number > 1
order by place, ended_us

-- step: sampled
-- Counters of calls with their runs in some spans, and one run before each; after more than $gap_us without a sample
-- counting begins anew.
with spans as (
    select
        unnest($place::bigint[]) as place,
        unnest($environment::varchar[]) as environment,
        unnest($service::varchar[]) as service,
        unnest($from_us::bigint[]) as from_us,
        unnest($to_us::bigint[]) as to_us
),
tracks as (
    select
        track_id,
        environment,
        service,
        source,
        source_group,
        scrape_target,
        coalesce(nullif(profile, ''), source) as profile,
        operation,
        coalesce(nullif(target, ''), breaker) as target,
        breaker,
        coalesce(detail['vantage'], if(breaker <> '', 'client', 'server')) as vantage,
        labels,
        detail['outcome'] as outcome,
        coalesce(detail['role'], '') as role,
        coalesce(detail['whole'], '') as whole,
        coalesce(detail['part_of'], '') as part_of
    from raw.tracks
    where kind = 'requests'
        and (environment, service) in (select (environment, service) from spans)
        and coalesce(detail['outcome'], '') <> ''
        and coalesce(detail['role'], '') in ('', 'besides')
),
runs as (
    select *, lead(last_us) over (partition by track_id order by first_us) as next_us
    from raw.runs
    semi join tracks using (track_id)
    where first_us <= $most_us::bigint and last_us >= $least_us::bigint - $gap_us::bigint
)
select
    spans.place,
    tracks.* exclude (environment, service),
    runs.first_us,
    runs.last_us,
    runs.value,
    runs.read_s,
    runs.assumed
from spans
join tracks using (environment, service)
join runs using (track_id)
where runs.first_us <= spans.to_us
    and (runs.last_us >= spans.from_us or (runs.next_us >= spans.from_us and runs.last_us >= spans.from_us - $gap_us::bigint))
order by spans.place, tracks.track_id, runs.first_us

-- step: later
-- Whether any call of a service was counted after what was looked at.
select exists (
    from kept.request_counts
    where environment = $environment and service = $service and bucket_start > make_timestamptz($to_us)
) as later

-- step: unbelieved
-- On which days what metrics counted of whom is not believed.
select environment, service, breaker, vantage, labels, epoch_us(day_start) as from_us, epoch_us(day_end) as to_us
from kept.count_witnesses
where relation = 'request_counts' and not chosen and counted_by = 'metrics'

-- step: longest
-- How long calls lasted at most in each span, by their histograms: the least upper bound that all calls stayed under.
with spans as (
    select
        unnest($place::bigint[]) as place,
        unnest($environment::varchar[]) as environment,
        unnest($service::varchar[]) as service,
        unnest($from_us::bigint[]) as from_us,
        unnest($to_us::bigint[]) as to_us
),
tracks as (
    select track_id, environment, service, try_cast(detail['upper_bound_s'] as double) as upper_bound_s
    from raw.tracks
    where kind = 'latency' and (environment, service) in (select (environment, service) from spans)
),
grown as (
    select spans.place, tracks.upper_bound_s, max(run.value) - min(run.value) as grown
    from spans
    join tracks using (environment, service)
    join raw.runs as run using (track_id)
    where run.first_us <= spans.to_us
        and run.last_us >= spans.from_us
        and run.first_us <= $most_us::bigint
        and run.last_us >= $least_us::bigint
        and not isnan(run.value)
    group by spans.place, tracks.track_id, tracks.upper_bound_s
),
by_bound as (
    select place, upper_bound_s, sum(grown) as grown from grown group by place, upper_bound_s
),
wholes as (
    select place, max(grown) as grown from by_bound group by place having max(grown) > 0
)
select place, min(by_bound.upper_bound_s) as longest_s
from by_bound
join wholes using (place)
where by_bound.grown >= wholes.grown and isfinite(by_bound.upper_bound_s)
group by place

-- step: kept_failures
select * exclude (row_id, environment, service)
from kept.failure_spells
where environment = $environment
    and service = $service
    and not (
        epoch_us(failed_earliest) <= $to_us
        and (
            coalesce(epoch_us(served_latest), epoch_us(last_failed_latest)) >= $from_us
            -- Of all calls the next good answer ends it, however late; a target may be gone for good.
            or (served_at is null and operation = '' and target = '')
        )
    )

-- step: kept_spells
select * exclude (row_id, environment, service)
from kept.outage_spells
where environment = $environment
    and service = $service
    and cause = 'failures'
    and not (epoch_us(started_earliest) <= $to_us and (ended_at is null or epoch_us(ended_latest) >= $from_us))
