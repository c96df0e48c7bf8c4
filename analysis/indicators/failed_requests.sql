-- How many calls were not answered well.
-- include: counted.sql
select ask, bad as value, bad_low as low, bad_high as high, good + bad as n
from tallied
