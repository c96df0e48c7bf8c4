-- view: Who did what to the store and its promises.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column occurred_at: When.
-- column actor: Who.
-- column action: What was done.
-- column subject: To what.
-- column reason: Why, in their words.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    occurred_at,
    nullif(actor, '') AS actor,
    action,
    nullif(subject, '') AS subject,
    nullif(reason, '') AS reason,
    labels
FROM kept.audit_log
