-- view: Declared services: who owns them, how to mend them, what they depend on.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column service: Name of the service.
-- column owner_team: Team that owns it.
-- column owner_email: Where to write to the team.
-- column owner_chat: Where to chat with the team.
-- column runbook: Address of the runbook.
-- column critical: True where its failure hurts users.
-- column depends_on: Services it is declared to depend on.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    service,
    nullif(owner_team, '') AS owner_team,
    nullif(owner_email, '') AS owner_email,
    nullif(owner_chat, '') AS owner_chat,
    nullif(runbook, '') AS runbook,
    critical,
    depends_on,
    labels
FROM kept.services
