-- Spells on a service level with the bounds of their edges; what has not ended ends at the end of time.
level_edges as (
    select
        environment,
        service,
        labels,
        occurred_at,
        min(occurred_earliest) as earliest,
        max(occurred_latest) as latest
    from service_level_changes
    group by all
),
level_spells as (
    select
        spell.environment,
        spell.service,
        spell.labels,
        spell.level,
        epoch_us(spell.started_at) as started_us,
        coalesce(epoch_us(begun.earliest), started_us) as started_earliest_us,
        coalesce(epoch_us(begun.latest), started_us) as started_latest_us,
        coalesce(epoch_us(spell.ended_at), 9000000000000000000) as ended_us,
        coalesce(epoch_us(done.earliest), ended_us) as ended_earliest_us,
        coalesce(epoch_us(done.latest), ended_us) as ended_latest_us
    from service_level_spells as spell
    left join level_edges as begun
        on begun.occurred_at = spell.started_at
        and begun.service is not distinct from spell.service
        and begun.environment is not distinct from spell.environment
        and begun.labels = spell.labels
    left join level_edges as done
        on done.occurred_at = spell.ended_at
        and done.service is not distinct from spell.service
        and done.environment is not distinct from spell.environment
        and done.labels = spell.labels
)
