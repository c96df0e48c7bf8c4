-- The share of calls that were answered well, each weighed by the level of service at that time.
-- include: counted.sql
select
    ask,
    (good - lost) / nullif(good + bad, 0) as value,
    greatest(0, good_low - lost_high) / nullif(greatest(0, good_low) + bad_high, 0) as low,
    (good_high - lost_low) / nullif(good_high + bad_low, 0) as high,
    good - lost as hits,
    good + bad as n
from tallied
