-- Incidents of services that had not ended when the window did: outages, and episodes of breakers.

-- step: outages
-- include: outages_between.sql

-- step: failures
-- include: failures_between.sql

-- step: episodes
-- include: episodes_between.sql
