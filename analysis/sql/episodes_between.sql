-- Breaker episodes in a span.
select
    environment,
    service,
    breaker,
    epoch_us(opened_earliest) as opened_earliest_us,
    epoch_us(opened_latest) as opened_latest_us,
    epoch_us(closed_earliest) as closed_earliest_us,
    epoch_us(closed_latest) as closed_latest_us,
    healed_by,
    experiment_id
from breaker_episodes
where opened_at < make_timestamptz($to_us)
    and coalesce(closed_at, 'infinity'::timestamptz) >= make_timestamptz($from_us)
order by opened_at
