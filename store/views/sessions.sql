-- view: Sampled numbers of sessions alive.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column service: Service that holds the sessions.
-- column instance: Instance that was asked.
-- column kind: session or websocket.
-- column sampled_at: When the number was read.
-- column alive: Sessions alive.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    nullif(service, '') AS service,
    nullif(instance, '') AS instance,
    kind,
    sampled_at,
    alive,
    labels
FROM kept.sessions
