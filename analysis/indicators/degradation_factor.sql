-- Calls by the bucket of their duration, while a fault was in and before it.
-- include: durations.sql
select ask, lower_s, upper_s, value, low, high
from durations
order by ask, upper_s, lower_s
