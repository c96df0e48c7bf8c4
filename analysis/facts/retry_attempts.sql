-- Single attempts of retried calls, from log lines, in the spans with news.

-- step: spans
create or replace temp table fresh_spans as
select environment, service, min(from_us) as from_us, max(to_us) as to_us
from raw.stale_sightings
where kind = 'retry_attempt'
group by environment, service

-- step: rows
-- $services, $patterns and $classes are parallel: what an error of a service must match to be of a class, first hit wins.
create or replace temp table fresh_rows as
with patterns as (
    select
        unnest($services::varchar[]) as service,
        unnest($patterns::varchar[]) as pattern,
        unnest($classes::varchar[]) as error_class,
        generate_subscripts($patterns::varchar[], 1) as rank
),
attempts as (
    select sighting.*, coalesce(sighting.detail['error'], '') as error
    from raw.sightings as sighting
    join fresh_spans as span using (environment, service)
    where sighting.kind = 'retry_attempt'
        and sighting.occurred_us between span.from_us and span.to_us
),
classes as (
    select error.service, error.error, arg_min(pattern.error_class, pattern.rank) as error_class
    from (select distinct service, error from attempts) as error
    join patterns as pattern
        on pattern.service = error.service
        and regexp_matches(error.error, pattern.pattern, 'i')
    group by error.service, error.error
)
select
    attempt.environment,
    attempt.service,
    attempt.operation,
    attempt.target,
    attempt.instance,
    coalesce(attempt.detail['call_id'], '') as call_id,
    try_cast(attempt.detail['attempt'] as bigint) as attempt,
    make_timestamptz(attempt.occurred_us) as occurred_at,
    try_cast(attempt.detail['wait_s'] as double) as wait_s,
    attempt.error,
    coalesce(class.error_class, '') as error_class,
    coalesce(attempt.detail['outcome'], '') as outcome,
    attempt.labels
from attempts as attempt
left join classes as class using (service, error)
