-- Experiments: their faults, what happened in their windows, and whether a fault was felt.
-- $lag_us: so long after a fault was taken out something may still be its doing.

-- step: told
-- Whether anything new was said of experiments.
select exists (
    from raw.stale_subjects where domain = 'import' and name in ('experiment', 'phase', 'end')
) as told

-- step: experiments
select environment, experiment_id, service, target, started_at, ended_at, phases, labels
from kept.experiments
order by environment, experiment_id

-- step: windows
-- In which time what happens to whom belongs to an experiment.
create or replace temp table experiment_windows as
select
    fault.environment,
    fault.experiment_id,
    fault.service,
    fault.target,
    epoch_us(fault.injected_at) as from_us,
    coalesce(epoch_us(coalesce(fault.removed_at, experiment.ended_at)) + $lag_us::bigint, 4000000000000000) as to_us
from kept.experiment_faults as fault
join kept.experiments as experiment using (environment, experiment_id)

-- step: there
select exists (from kept.experiment_faults) as there

-- step: begun
-- What began, and what it is called, of the rows kept since $after: of all others it was said before.
create or replace temp table experiment_begun as
select 'breaker_incidents' as relation, row_id, environment, service, breaker as name, '' as other,
    opened_earliest as earliest, opened_latest as latest, experiment_id
from kept.breaker_incidents
where row_id > $after
union all
select 'breaker_episodes', row_id, environment, service, breaker, '', opened_earliest, opened_latest, experiment_id
from kept.breaker_episodes
where row_id > $after
union all
select 'failovers', row_id, environment, service, from_target, to_target,
    coalesce(failed_at, served_at), coalesce(failed_at, served_at), experiment_id
from kept.failovers
where row_id > $after
union all
select 'health_changes', row_id, environment, service, component, '', occurred_earliest, occurred_latest, experiment_id
from kept.health_changes
where row_id > $after
union all
select 'service_level_changes', row_id, environment, service, '', '', occurred_earliest, occurred_latest, experiment_id
from kept.service_level_changes
where row_id > $after
union all
-- When it was surely felt: by counters nobody knows how long the first failed call had lasted.
select 'failure_spells', row_id, environment, service, target, '', failed_latest, failed_latest, experiment_id
from kept.failure_spells
where row_id > $after
union all
select 'outage_spells', row_id, environment, service, component, '', started_latest, started_latest, experiment_id
from kept.outage_spells
where row_id > $after
union all
select 'outages', row_id, environment, service, component, '', started_latest, started_latest, experiment_id
from kept.outages
where row_id > $after

-- step: last_begun
select max(row_id) as row_id from experiment_begun

-- step: tags
-- Of what experiment it is, where it does not say so yet: of several the one whose target it is, else the last one.
create or replace temp table experiment_tags as
with wanted as (
    select
        begun.relation,
        begun.row_id,
        coalesce(begun.experiment_id, '') as said,
        coalesce(
            arg_max(
                span.experiment_id,
                (span.target <> '' and span.target in (begun.name, begun.other), span.from_us, span.experiment_id)
            ),
            ''
        ) as experiment_id
    from experiment_begun as begun
    left join experiment_windows as span
        on epoch_us(begun.latest) >= span.from_us
        and epoch_us(begun.earliest) <= span.to_us
        and span.environment in ('', begun.environment)
        and (
            (span.service = '' and span.target = '')
            or begun.service in (span.service, span.target)
            or (span.service = '' and span.target in (begun.name, begun.other))
        )
    group by begun.relation, begun.row_id, begun.experiment_id
)
select relation, row_id, experiment_id from wanted where said <> experiment_id

-- step: tagged
select distinct relation from experiment_tags order by relation

-- step: tag_breaker_incidents
update kept.breaker_incidents as kept
set experiment_id = tag.experiment_id
from experiment_tags as tag
where tag.relation = 'breaker_incidents' and tag.row_id = kept.row_id

-- step: tag_breaker_episodes
update kept.breaker_episodes as kept
set experiment_id = tag.experiment_id
from experiment_tags as tag
where tag.relation = 'breaker_episodes' and tag.row_id = kept.row_id

-- step: tag_failovers
update kept.failovers as kept
set experiment_id = tag.experiment_id
from experiment_tags as tag
where tag.relation = 'failovers' and tag.row_id = kept.row_id

-- step: tag_health_changes
update kept.health_changes as kept
set experiment_id = tag.experiment_id
from experiment_tags as tag
where tag.relation = 'health_changes' and tag.row_id = kept.row_id

-- step: tag_service_level_changes
update kept.service_level_changes as kept
set experiment_id = tag.experiment_id
from experiment_tags as tag
where tag.relation = 'service_level_changes' and tag.row_id = kept.row_id

-- step: tag_failure_spells
update kept.failure_spells as kept
set experiment_id = tag.experiment_id
from experiment_tags as tag
where tag.relation = 'failure_spells' and tag.row_id = kept.row_id

-- step: tag_outage_spells
update kept.outage_spells as kept
set experiment_id = tag.experiment_id
from experiment_tags as tag
where tag.relation = 'outage_spells' and tag.row_id = kept.row_id

-- step: tag_outages
update kept.outages as kept
set experiment_id = tag.experiment_id
from experiment_tags as tag
where tag.relation = 'outages' and tag.row_id = kept.row_id

-- step: all_faults
create or replace temp table experiment_looks as
select environment, experiment_id, service, target, from_us, to_us - $lag_us::bigint as to_us
from experiment_windows

-- step: touched_faults
-- Those in whose time calls are new.
create or replace temp table experiment_looks as
select environment, experiment_id, service, target, from_us, to_us - $lag_us::bigint as to_us
from experiment_windows as span
where exists (
    from facts_scope as scope
    where scope.from_us <= span.to_us
        and scope.to_us >= span.from_us
        and span.environment in ('', scope.environment)
        and (span.service in ('', scope.service) or span.target = scope.service)
)

-- step: unfelt
-- Faults with the services whose calls may tell whether they were felt.
select distinct
    fault.environment as of_environment,
    fault.experiment_id,
    fault.target,
    fault.from_us,
    fault.to_us,
    calls.environment,
    calls.service
from experiment_looks as fault
join kept.request_counts as calls
    on calls.bucket_start <= make_timestamptz(fault.to_us)
    and calls.bucket_start >= make_timestamptz(fault.from_us - 3600000000)
    and epoch_us(calls.bucket_start) + (calls.bucket_s * 1e6)::bigint >= fault.from_us
    and fault.environment in ('', calls.environment)
    and (fault.service in ('', calls.service) or fault.target = calls.service)
order by all

-- step: moved
-- Calls that another target answered, or that were tried again: the target failed them though nobody saw it.
select
    exists (
        from kept.failovers
        where environment = $environment
            and service = $service
            and ($target = '' or from_target = $target)
            and epoch_us(coalesce(failed_at, served_at)) between $from_us and $to_us
    )
    or exists (
        from raw.sightings
        where kind = 'request'
            and environment = $environment
            and service = $service
            and occurred_us between $from_us and $to_us
            and detail['moved'] = 'true'
            and ($target = '' or coalesce(detail['from_target'], $target) = $target)
    )
    or exists (
        from raw.sightings
        where kind = 'retry_attempt'
            and environment = $environment
            and service = $service
            and occurred_us between $from_us and $to_us
            and coalesce(detail['outcome'], '') not in ('success', '')
            and ($target = '' or target in ('', $target))
    ) as moved

-- step: stalled
-- Whether a call begun in the window lasted more than twice as long as any in the 5 minutes before, of which there were some.
with told as (
    select
        occurred_us - round(try_cast(detail['duration_s'] as double) * 1e6)::bigint as begun_us,
        try_cast(detail['duration_s'] as double) as lasted_s
    from raw.sightings
    where kind = 'request'
        and environment = $environment
        and service = $service
        and occurred_us between $from_us - 300000000 and $to_us + 300000000
        and ($target = '' or target in ('', $target))
)
select coalesce(
    max(lasted_s) filter (where begun_us between $from_us and $to_us)
    > 2 * greatest(max(lasted_s) filter (where begun_us < $from_us), 0.05)
    and count(*) filter (where begun_us < $from_us) >= 10,
    false
) as stalled
from told

-- step: stalled_counted
-- The same by latency histograms, of which a bucket holds all calls up to its bound: by the minutes that the window touches.
with buckets as (
    select
        bucket_start >= make_timestamptz($from_us // 60000000 * 60000000) as during,
        upper_bound_s,
        sum(count) as calls
    from kept.latency_histograms
    where counted_by = 'metrics'
        and environment = $environment
        and service = $service
        and bucket_start >= make_timestamptz($from_us // 60000000 * 60000000 - 300000000)
        and bucket_start <= make_timestamptz($to_us)
        and ($target = '' or target in ('', $target))
    group by during, upper_bound_s
),
own as (
    select *, calls - coalesce(lag(calls) over (partition by during order by upper_bound_s), 0) as own_calls
    from buckets
),
slowest as (
    select during, max(upper_bound_s) filter (where own_calls > 0) as bound_s, max(calls) as calls
    from own
    group by during
)
select coalesce(
    max(bound_s) filter (where during) > 2 * max(bound_s) filter (where not during)
    and max(calls) filter (where not during) >= 10,
    false
) as stalled
from slowest

-- step: kept
select * exclude (row_id)
from kept.experiments
where environment = $environment and experiment_id = $experiment_id

-- step: felt
select environment, experiment_id, fault_effective from kept.experiments
