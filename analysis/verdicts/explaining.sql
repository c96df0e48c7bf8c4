-- The rows behind a figure, by the view that its indicator reads; $service NULL is all of them.

-- step: alerts
select *
from alerts
where ($environment::varchar is null or environment = $environment)
    and ($service::varchar is null or service = $service)
    and opened_at >= make_timestamptz($from_us::bigint)
    and opened_at < make_timestamptz($to_us::bigint)
order by opened_at
limit $most

-- step: breaker_episodes
select *
from breaker_episodes
where ($environment::varchar is null or environment = $environment)
    and ($service::varchar is null or service = $service)
    and opened_at >= make_timestamptz($from_us::bigint)
    and opened_at < make_timestamptz($to_us::bigint)
order by opened_at
limit $most

-- step: breaker_incidents
select *
from breaker_incidents
where ($environment::varchar is null or environment = $environment)
    and ($service::varchar is null or service = $service)
    and opened_at >= make_timestamptz($from_us::bigint)
    and opened_at < make_timestamptz($to_us::bigint)
order by opened_at
limit $most

-- step: breaker_transitions
select *
from breaker_transitions
where ($environment::varchar is null or environment = $environment)
    and ($service::varchar is null or service = $service)
    and occurred_at >= make_timestamptz($from_us::bigint)
    and occurred_at < make_timestamptz($to_us::bigint)
order by occurred_at
limit $most

-- step: cascades
select *
from cascades
where ($environment::varchar is null or environment = $environment)
    and ($service::varchar is null or origin = $service)
    and started_at >= make_timestamptz($from_us::bigint)
    and started_at < make_timestamptz($to_us::bigint)
order by started_at
limit $most

-- step: changes
select *
from changes
where ($environment::varchar is null or environment = $environment)
    and ($service::varchar is null or service = $service)
    and occurred_at >= make_timestamptz($from_us::bigint)
    and occurred_at < make_timestamptz($to_us::bigint)
order by occurred_at
limit $most

-- step: coverage
select *
from coverage
where ($environment::varchar is null or environment = $environment)
    and ($service::varchar is null or service = $service)
    and started_at < make_timestamptz($to_us::bigint)
    and coalesce(ended_at, started_at) >= make_timestamptz($from_us::bigint)
order by started_at
limit $most

-- step: experiment_faults
select *
from experiment_faults
where ($environment::varchar is null or environment = $environment)
    and ($service::varchar is null or service = $service)
    and injected_at >= make_timestamptz($from_us::bigint)
    and injected_at < make_timestamptz($to_us::bigint)
order by injected_at
limit $most

-- step: failovers
select *
from failovers
where ($environment::varchar is null or environment = $environment)
    and ($service::varchar is null or service = $service)
    and failed_at >= make_timestamptz($from_us::bigint)
    and failed_at < make_timestamptz($to_us::bigint)
order by failed_at
limit $most

-- step: failure_spells
select *
from failure_spells
where ($environment::varchar is null or environment = $environment)
    and ($service::varchar is null or service = $service)
    and failed_at >= make_timestamptz($from_us::bigint)
    and failed_at < make_timestamptz($to_us::bigint)
order by failed_at
limit $most

-- step: findings
select *
from findings
where ($environment::varchar is null or environment = $environment)
    and ($service::varchar is null or service = $service)
    and first_seen < make_timestamptz($to_us::bigint)
    and coalesce(last_seen, first_seen) >= make_timestamptz($from_us::bigint)
order by first_seen
limit $most

-- step: health_changes
select *
from health_changes
where ($environment::varchar is null or environment = $environment)
    and ($service::varchar is null or service = $service)
    and occurred_at >= make_timestamptz($from_us::bigint)
    and occurred_at < make_timestamptz($to_us::bigint)
order by occurred_at
limit $most

-- step: health_states
select *
from health_states
where ($environment::varchar is null or environment = $environment)
    and ($service::varchar is null or service = $service)
    and $from_us::bigint <= $to_us::bigint
order by all
limit $most

-- step: latency_histograms
select *
from latency_histograms
where ($environment::varchar is null or environment = $environment)
    and ($service::varchar is null or service = $service)
    and bucket_start >= make_timestamptz($from_us::bigint)
    and bucket_start < make_timestamptz($to_us::bigint)
order by bucket_start
limit $most

-- step: measurements
select *
from measurements
where ($environment::varchar is null or environment = $environment)
    and ($service::varchar is null or service = $service)
    and measured_at >= make_timestamptz($from_us::bigint)
    and measured_at < make_timestamptz($to_us::bigint)
order by measured_at
limit $most

-- step: outage_spells
select *
from outage_spells
where ($environment::varchar is null or environment = $environment)
    and ($service::varchar is null or service = $service)
    and started_at >= make_timestamptz($from_us::bigint)
    and started_at < make_timestamptz($to_us::bigint)
order by started_at
limit $most

-- step: outages
select *
from outages
where ($environment::varchar is null or environment = $environment)
    and ($service::varchar is null or service = $service)
    and started_at >= make_timestamptz($from_us::bigint)
    and started_at < make_timestamptz($to_us::bigint)
order by started_at
limit $most

-- step: queue_depths
select *
from queue_depths
where ($environment::varchar is null or environment = $environment)
    and ($service::varchar is null or service = $service)
    and sampled_at >= make_timestamptz($from_us::bigint)
    and sampled_at < make_timestamptz($to_us::bigint)
order by sampled_at
limit $most

-- step: regressions
select *
from regressions
where ($environment::varchar is null or environment = $environment)
    and changed_at >= make_timestamptz($from_us::bigint)
    and changed_at < make_timestamptz($to_us::bigint)
order by changed_at
limit $most

-- step: request_counts
select *
from request_counts
where ($environment::varchar is null or environment = $environment)
    and ($service::varchar is null or service = $service)
    and bucket_start >= make_timestamptz($from_us::bigint)
    and bucket_start < make_timestamptz($to_us::bigint)
order by bucket_start
limit $most

-- step: retry_attempts
select *
from retry_attempts
where ($environment::varchar is null or environment = $environment)
    and ($service::varchar is null or service = $service)
    and occurred_at >= make_timestamptz($from_us::bigint)
    and occurred_at < make_timestamptz($to_us::bigint)
order by occurred_at
limit $most

-- step: retry_counts
select *
from retry_counts
where ($environment::varchar is null or environment = $environment)
    and ($service::varchar is null or service = $service)
    and bucket_start >= make_timestamptz($from_us::bigint)
    and bucket_start < make_timestamptz($to_us::bigint)
order by bucket_start
limit $most

-- step: service_level_spells
select *
from service_level_spells
where ($environment::varchar is null or environment = $environment)
    and ($service::varchar is null or service = $service)
    and started_at < make_timestamptz($to_us::bigint)
    and coalesce(ended_at, started_at) >= make_timestamptz($from_us::bigint)
order by started_at
limit $most

-- step: sessions
select *
from sessions
where ($environment::varchar is null or environment = $environment)
    and ($service::varchar is null or service = $service)
    and sampled_at >= make_timestamptz($from_us::bigint)
    and sampled_at < make_timestamptz($to_us::bigint)
order by sampled_at
limit $most

-- step: targets
select *
from targets
where ($environment::varchar is null or environment = $environment)
    and ($service::varchar is null or service = $service)
    and $from_us::bigint <= $to_us::bigint
order by all
limit $most
