-- The last run of every source, when one last went well, and its usual distance between two runs (the median of the last
-- 20 that followed one that did not fail: after a failure it is asked later and later).
with runs as (
    select
        source, started_at, finished_at, status, error, failures, needs_person, next_attempt_at,
        row_number() over (partition by source order by started_at desc) as age,
        case
            when lag(status) over (partition by source order by started_at) <> 'failed'
                then date_diff('millisecond', lag(started_at) over (partition by source order by started_at), started_at)
        end / 1000.0 as gap_s
    from collection_runs
)
select
    source,
    max_by(status, started_at) as status,
    max_by(coalesce(error, ''), started_at) as error,
    max(finished_at) as finished_at,
    median(gap_s) filter (where age <= 20) as cycle_s,
    max(finished_at) filter (where status <> 'failed') as seen_at,
    max_by(failures, started_at) as failures,
    coalesce(max_by(needs_person, started_at), false) as needs_person,
    max(next_attempt_at) filter (where age = 1) as next_attempt_at
from runs
group by source
order by source
