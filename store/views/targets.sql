-- view: What a service calls, in which role, and when it last answered well.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column service: Service that calls.
-- column operation: Operation it calls for.
-- column target: What is called.
-- column role: primary or fallback.
-- column last_served_at: Last good answer; NULL is never seen.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    nullif(service, '') AS service,
    nullif(operation, '') AS operation,
    nullif(target, '') AS target,
    nullif(role, '') AS role,
    last_served_at,
    labels
FROM kept.targets
