-- From the removal of a fault to a 95th percentile of latency within 10 % of that of the window before the fault.

-- step: latencies
-- Calls by the upper bound of their duration, before each fault as long as it lasted (5 minutes at least), and after it.
with removed as (
    select
        *,
        greatest(removed_at - injected_at, interval 5 minutes) as length
    from experiment_faults
    where removed_at is not null
        and removed_at >= make_timestamptz($from_us)
        and injected_at < make_timestamptz($to_us)
)

select
    fault.experiment_id,
    epoch_us(fault.injected_at) as injected_us,
    epoch_us(fault.removed_at) as removed_us,
    latency.environment,
    latency.service,
    latency.operation,
    latency.target,
    latency.instance,
    epoch_us(latency.bucket_start) as start_us,
    epoch_us(latency.bucket_start) + round(latency.bucket_s * 1000000)::bigint as end_us,
    latency.upper_bound_s,
    sum(latency.count)::double as count
from (select distinct experiment_id, environment, injected_at, removed_at, length from removed) as fault
join latency_histograms as latency
    on (fault.environment is null or latency.environment is not distinct from fault.environment)
    and latency.bucket_start >= fault.injected_at - fault.length
    and latency.bucket_start < fault.removed_at + interval 6 hours
    and (
        latency.bucket_start + to_seconds(latency.bucket_s) <= fault.injected_at
        or latency.bucket_start >= fault.removed_at
    )
group by all
order by start_us, latency.upper_bound_s
