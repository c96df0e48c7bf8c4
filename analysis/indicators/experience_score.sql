-- Calls that were answered well, of all calls; how many were fast enough is in the histograms of their durations.
-- include: counted.sql
select ask, good, good_low, good_high, bad, bad_low, bad_high
from tallied
