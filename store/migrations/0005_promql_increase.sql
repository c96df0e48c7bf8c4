-- Beside our count of openings, what PromQL's increase() says of the same counters.

ALTER TABLE kept.breaker_episodes ADD COLUMN promql_openings DOUBLE;
