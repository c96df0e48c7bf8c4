-- view: When each source was seen, and when it was not: spells and the gaps between them.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column source: Name of the source.
-- column service: Service the source tells about.
-- column instance: Instance the source tells about.
-- column started_at: Start of the spell or gap.
-- column ended_at: End of it.
-- column covered: True seen, false a gap.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    source,
    nullif(service, '') AS service,
    nullif(instance, '') AS instance,
    started_at,
    ended_at,
    covered,
    labels
FROM kept.coverage
