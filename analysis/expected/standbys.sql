-- Declared standbys whose last good answer lies further back than they are to be proved, or was never seen.
with asked_services as (
    select unnest($environments::varchar[]) as environment, unnest($services::varchar[]) as service
),
declared as (
    select service, target, min(prove_every_s) as prove_every_s
    from (
        select
            unnest($standby_service::varchar[]) as service,
            unnest($standby::varchar[]) as target,
            unnest($prove_every_s::double[]) as prove_every_s
    )
    group by service, target
),
served as (
    select known.environment, known.service, known.target, max(known.last_served_at) as last_served_at
    from kept.targets as known
    semi join asked_services using (environment, service)
    group by known.environment, known.service, known.target
),
first_seen as (
    select environment, service, min(started_at) as seen_at
    from kept.coverage
    where covered
    group by environment, service
)
select
    served.environment, served.service, served.target, declared.prove_every_s,
    epoch_us(served.last_served_at) as served_us,
    coalesce(
        epoch_us(served.last_served_at) + (declared.prove_every_s * 1e6)::bigint, epoch_us(first_seen.seen_at)
    ) as from_us
from served
join declared using (service, target)
left join first_seen using (environment, service)
where coalesce(epoch_us(served.last_served_at) + declared.prove_every_s * 1e6, 0) < $now_us
order by served.environment, served.service, served.target
