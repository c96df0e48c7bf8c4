-- Lengths of the breaker episodes that opened in what is asked for.
with asked as (
    select
        unnest($ask::bigint[]) as ask,
        make_timestamptz(unnest($from_us::bigint[])) as from_time,
        make_timestamptz(unnest($to_us::bigint[])) as to_time,
        unnest($environment::varchar[]) as environment,
        unnest($service::varchar[]) as service,
        unnest($breaker::varchar[]) as breaker,
        unnest($experiment::varchar[]) as experiment,
        unnest($experiments::boolean[]) as experiments
)

select asked.ask, episode.duration_s, episode.duration_low_s, episode.duration_high_s
from asked
join breaker_episodes as episode
    on episode.opened_at >= asked.from_time
    and episode.opened_at < asked.to_time
    and (asked.environment is null or episode.environment = asked.environment)
    and (asked.service is null or episode.service = asked.service)
    and (asked.breaker is null or episode.breaker = asked.breaker)
    and (asked.experiment is null or episode.experiment_id = asked.experiment)
    and (asked.experiments or episode.experiment_id is null)
