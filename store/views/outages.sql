-- view: Times in which users of a service were hurt, with what started, ended and healed them.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column outage_id: Number of the outage.
-- column service: Service whose users were hurt.
-- column component: Part of the service that was hurt, where it is named.
-- column kind: down or degraded.
-- column origin: detected, imported or declared.
-- column severity: S1 users hurt, S2 hurt but contained, S3 resilience at work, S4 hygiene.
-- column started_at: Start, midpoint of its bounds.
-- column started_earliest: It started no earlier.
-- column started_latest: It started no later.
-- column ended_at: End, midpoint of its bounds; NULL while ongoing.
-- column ended_earliest: It ended no earlier.
-- column ended_latest: It ended no later.
-- column duration_s: Seconds from start to end, midpoint of low and high; NULL while ongoing.
-- column duration_low_s: The shortest it can have been, in seconds.
-- column duration_high_s: The longest it can have been, in seconds; NULL is unbounded (ongoing).
-- column failed_requests: Requests that failed meanwhile; NULL where nobody counted.
-- column healed_by: self, restart, deploy, manual or unknown.
-- column cause: What caused it, in words: as it was written down, or as it was detected.
-- column status: resolved or ongoing.
-- column experiment_id: Experiment in whose window it falls, if any.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    outage_id,
    nullif(service, '') AS service,
    nullif(component, '') AS component,
    kind,
    origin,
    severity,
    started_at,
    started_earliest,
    started_latest,
    ended_at,
    ended_earliest,
    ended_latest,
    duration_s,
    duration_low_s,
    duration_high_s,
    failed_requests,
    healed_by,
    cause,
    status,
    nullif(experiment_id, '') AS experiment_id,
    labels
FROM kept.outages
