-- view: Deploys, settings, restarts and declared times that explain what figures show.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column service: Service that changed.
-- column instance: Instance that changed; NULL for all.
-- column kind: deploy, config, flag, scale, restart, maintenance or exclusion.
-- column occurred_at: When, or the start of it.
-- column ended_at: End of what lasts (maintenance, exclusion); NULL otherwise.
-- column revision: Version, commit or setting that came in.
-- column actor: Who did it.
-- column detail: More, in words.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    nullif(service, '') AS service,
    nullif(instance, '') AS instance,
    kind,
    occurred_at,
    ended_at,
    nullif(revision, '') AS revision,
    nullif(actor, '') AS actor,
    nullif(detail, '') AS detail,
    labels
FROM kept.changes
