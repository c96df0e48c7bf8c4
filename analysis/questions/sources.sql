-- The last run of every source, and its usual distance between two runs (the median of the last 20).
with runs as (
    select
        source, started_at, finished_at, status, error,
        row_number() over (partition by source order by started_at desc) as age,
        date_diff('millisecond', lag(started_at) over (partition by source order by started_at), started_at) / 1000.0
            as gap_s
    from collection_runs
)
select
    source,
    max_by(status, started_at) as status,
    max_by(coalesce(error, ''), started_at) as error,
    max(finished_at) as finished_at,
    median(gap_s) as cycle_s
from runs
where age <= 20
group by source
order by source
