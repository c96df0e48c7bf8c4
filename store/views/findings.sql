-- view: What deserves a look: unlawful moves, sources that disagree, unproved standbys.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column finding_id: Number of the finding.
-- column kind: What sort of finding.
-- column service: Service it is about.
-- column subject: Breaker, component, target or instance it is about.
-- column first_seen: First evidence.
-- column last_seen: Last evidence.
-- column evidence: What was seen, in words.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    finding_id,
    kind,
    nullif(service, '') AS service,
    nullif(subject, '') AS subject,
    first_seen,
    last_seen,
    nullif(evidence, '') AS evidence,
    labels
FROM kept.findings
