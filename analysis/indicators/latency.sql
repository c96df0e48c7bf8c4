-- Calls by the bucket of their duration.
-- include: durations.sql
select ask, lower_s, upper_s, value, low, high
from durations
order by ask, upper_s, lower_s
