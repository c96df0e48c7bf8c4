-- Signals that something is wrong that were given in a span.
select
    kind,
    environment,
    service,
    name,
    instance,
    epoch_us(began_earliest) as earliest_us,
    epoch_us(began_latest) as latest_us,
    epoch_us(ended_latest) as ended_us
from signals
where began_latest >= make_timestamptz($from_us) and began_earliest < make_timestamptz($to_us)
order by began_earliest, began_latest, kind, service, name, instance
