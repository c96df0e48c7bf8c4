-- From the first failed request to the first signal.

-- step: failures
-- include: failures_between.sql

-- step: signals
-- include: signals_between.sql
