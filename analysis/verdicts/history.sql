-- Verdicts as they were kept.

-- step: answered
-- The last answer to each question, and the last row of each subject of an objective.
select
    verdict_id,
    question_id,
    evaluated_at,
    objective,
    environment,
    service,
    breaker,
    operation,
    experiment_id,
    policy,
    epoch_us(window_start) as window_start_us,
    epoch_us(window_end) as window_end_us,
    epoch_us(known_until) as known_until_us,
    window_name,
    verdict,
    leaning,
    value,
    low,
    high,
    n,
    ongoing,
    coverage,
    target,
    terms
from verdicts
where
    question_id in (select unnest($questions::bigint[]))
    or (objective in (select unnest($objectives::varchar[])) and window_end >= make_timestamptz($since_us))
order by evaluated_at, verdict_id

-- step: audited
select action, subject, reason
from audit_log
where action like 'declared %'

-- step: verdict
select
    *,
    epoch_us(window_start) as window_start_us,
    epoch_us(window_end) as window_end_us,
    epoch_us(known_until) as known_until_us
from verdicts
where verdict_id = $verdict_id
