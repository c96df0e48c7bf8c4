-- The share of calls that succeeded, whatever the level of service at that time.
-- include: counted.sql
select
    ask,
    good / nullif(good + bad, 0) as value,
    good_low / nullif(good_low + bad_high, 0) as low,
    good_high / nullif(good_high + bad_low, 0) as high,
    good as hits,
    good + bad as n
from tallied
