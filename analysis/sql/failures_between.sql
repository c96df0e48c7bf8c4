-- Failing calls in a span, up to the first good answer after them.
select *
from failure_spells
where failed_earliest < make_timestamptz($to_us)
    and coalesce(served_latest, 'infinity'::timestamptz) >= make_timestamptz($from_us)
