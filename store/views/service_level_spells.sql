-- view: Unbroken times that a service spent on one level.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column service: Service.
-- column level: full, degraded, limited, cache_only, unavailable or unknown.
-- column started_at: Start, midpoint of its bounds.
-- column ended_at: End; NULL while it lasts.
-- column duration_s: Seconds on the level, midpoint of low and high; NULL while it lasts.
-- column duration_low_s: The shortest it can have been, in seconds.
-- column duration_high_s: The longest it can have been, in seconds; NULL is unbounded.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    nullif(service, '') AS service,
    level,
    started_at,
    ended_at,
    duration_s,
    duration_low_s,
    duration_high_s,
    labels
FROM kept.service_level_spells
