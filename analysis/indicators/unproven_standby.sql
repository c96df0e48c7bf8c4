-- The declared standbys of what is asked for, and whether each had served when the window ended.
with asked as (
    select
        ask,
        make_timestamptz(max(to_us)) as to_time,
        any_value(environment) as environment,
        any_value(service) as service,
        any_value(target) as target
    from (
        select
            unnest($ask::bigint[]) as ask,
            unnest($to_us::bigint[]) as to_us,
            unnest($environment::varchar[]) as environment,
            unnest($service::varchar[]) as service,
            unnest($target::varchar[]) as target
    )
    group by ask
),
declared as (
    select service, target, min(prove_every_s) as prove_every_s, count(*) over (partition by service) = 1 as alone
    from (
        select
            unnest($standby_service::varchar[]) as service,
            unnest($standby::varchar[]) as target,
            unnest($prove_every_s::double[]) as prove_every_s
    )
    group by service, target
),
standbys as (
    select
        asked.ask,
        asked.to_time,
        asked.to_time - to_microseconds((declared.prove_every_s * 1e6)::bigint) as proved_after,
        declared.service,
        declared.target,
        declared.alone,
        known.environment,
        max(known.last_served_at) as last_served_at
    from asked
    join declared
        on (asked.service is null or declared.service = asked.service)
        and (asked.target is null or declared.target = asked.target)
    -- One that was never seen has no environment.
    left join targets as known
        on known.service = declared.service
        and known.target = declared.target
        and (asked.environment is null or known.environment = asked.environment)
    group by all
),
served as (
    select standby.ask, standby.service, standby.target, standby.environment
    from standbys as standby
    semi join request_counts as counted
        on counted.service = standby.service
        -- What answers instead is the only standby there is, where nobody says which.
        and (
            (counted.target = standby.target and counted.outcome in ('success', 'fallback', 'cache_hit'))
            or (standby.alone and counted.target is null and counted.outcome in ('fallback', 'cache_stale'))
        )
        and counted.environment is not distinct from standby.environment
        and counted.count > 0
        and counted.bucket_start >= standby.proved_after
        and counted.bucket_start < standby.to_time
    union
    select standby.ask, standby.service, standby.target, standby.environment
    from standbys as standby
    semi join failovers as failover
        on failover.service = standby.service
        and failover.to_target = standby.target
        and failover.environment is not distinct from standby.environment
        and failover.served_at >= standby.proved_after
        and failover.served_at < standby.to_time
)
select
    standby.ask,
    coalesce(standby.last_served_at between standby.proved_after and standby.to_time, false)
        or exists (
            from served
            where served.ask = standby.ask
                and served.service = standby.service
                and served.target = standby.target
                and served.environment is not distinct from standby.environment
        ) as proved,
    coalesce(standby.last_served_at > standby.to_time, false) as served_later
from standbys as standby
