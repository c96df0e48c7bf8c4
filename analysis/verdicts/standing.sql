-- Regressions that stand: suspected and confirmed ones, not those that were accepted or withdrawn.
select *
from regressions
where
    status in ('suspected', 'confirmed')
    and ($since_us::bigint is null or changed_at >= make_timestamptz($since_us::bigint))
    and ($until_us::bigint is null or changed_at < make_timestamptz($until_us::bigint))
order by status, suite, benchmark, metric, run_environment
