-- From the fault, else the first failed call, to the first good answer that lasts.

-- step: failures
-- include: failures_between.sql

-- step: outages
-- For services whose calls nobody counts.
-- include: outages_between.sql
