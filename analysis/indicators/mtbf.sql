-- Failures of services: outages; of a breaker, its episodes.

-- step: outages
-- include: outages_between.sql

-- step: failures
-- include: failures_between.sql

-- step: episodes
-- include: episodes_between.sql
