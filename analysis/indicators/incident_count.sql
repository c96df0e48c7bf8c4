-- Incidents of services: their outages, and the episodes of their breakers; those that overlap are one.

-- step: outages
-- include: outages_between.sql

-- step: failures
-- include: failures_between.sql

-- step: episodes
-- include: episodes_between.sql
