-- From the removal of a fault to the first good answer that lasts.

-- step: failures
-- include: failures_between.sql

-- step: outages
-- For services whose calls nobody counts.
-- include: outages_between.sql
