-- Single attempts of retried calls, from log lines, of the services with news.

-- step: fresh
-- $services, $patterns and $classes are parallel: what an error of a service must match to be of a class, first hit wins.
create or replace temp table facts_fresh as
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
    join (select distinct environment, service from raw.stale_subjects where domain = 'event') as stale
        using (environment, service)
    where sighting.kind = 'retry_attempt'
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

-- step: changed
-- From where to where the rows of these services differ from those that are kept; NULL where they do not.
with kept_rows as (
    select kept.*
    from kept.retry_attempts as kept
    join (select distinct environment, service from raw.stale_subjects where domain = 'event') as stale
        using (environment, service)
),
differences as (
    (select * from kept_rows except all select * from facts_fresh)
    union all
    (select * from facts_fresh except all select * from kept_rows)
)
select epoch_us(min(occurred_at)) as from_us, epoch_us(max(occurred_at)) as to_us
from differences

-- step: delete
-- Only from the first difference on: attempts of old days stay where they are.
delete from kept.retry_attempts as kept
using (select distinct environment, service from raw.stale_subjects where domain = 'event') as stale
where kept.environment = stale.environment
    and kept.service = stale.service
    and kept.occurred_at between make_timestamptz($from_us::bigint) and make_timestamptz($to_us::bigint)

-- step: insert
insert into kept.retry_attempts by name
select *
from facts_fresh
where occurred_at between make_timestamptz($from_us::bigint) and make_timestamptz($to_us::bigint)
