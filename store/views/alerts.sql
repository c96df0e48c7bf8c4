-- view: Alerts and what became of them.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column alert_id: Number of the alert.
-- column rule: Rule that fired.
-- column service: Service it is about.
-- column severity: S1 to S4.
-- column incident_id: Incident behind it, if any.
-- column state: pending, firing, acknowledged, muted or resolved.
-- column opened_at: When the rule first held.
-- column notified_at: When a channel accepted the message; NULL is not yet.
-- column acknowledged_at: When somebody took it; NULL is not yet.
-- column acknowledged_by: Who took it.
-- column resolved_at: When it ended; NULL is not yet.
-- column value: Value that tripped it.
-- column target: What it is held to.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    alert_id,
    rule,
    nullif(service, '') AS service,
    severity,
    incident_id,
    state,
    opened_at,
    notified_at,
    acknowledged_at,
    nullif(acknowledged_by, '') AS acknowledged_by,
    resolved_at,
    value,
    target,
    labels
FROM kept.alerts
