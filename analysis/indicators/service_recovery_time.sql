-- From the start of each outage to its end: what hurt a service, united over the quiet that the policy names.

-- step: outages
-- include: outages_between.sql

-- step: failures
-- Where an operation or a target is asked for.
-- include: failures_between.sql
