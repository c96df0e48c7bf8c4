-- view: What hurt a service and when, each reason by itself, before any settle time; outages are these united.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column service: Service whose users were hurt.
-- column component: Part of the service that was hurt, where it is named.
-- column origin: detected, imported or declared.
-- column kind: down or degraded.
-- column cause: level (below full), failures (of calls), instances (down), imported or declared.
-- column level: Service level meanwhile, where the cause is one.
-- column detail: The cause in words.
-- column started_at: Start, midpoint of its bounds.
-- column started_earliest: It started no earlier.
-- column started_latest: It started no later.
-- column ended_at: End, midpoint of its bounds; NULL while ongoing.
-- column ended_earliest: It ended no earlier.
-- column ended_latest: It ended no later.
-- column failed_requests: Requests that failed in it; NULL where its cause counts none.
-- column requests: Requests that ended in it; NULL where its cause counts none.
-- column settle_s: Seconds of quiet after which it is over, where the policy names none: the larger of 60 and 4 scrapes.
-- column experiment_id: Experiment in whose window it began, if any.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    nullif(service, '') AS service,
    nullif(component, '') AS component,
    origin,
    kind,
    cause,
    nullif(level, '') AS level,
    nullif(detail, '') AS detail,
    started_at,
    started_earliest,
    started_latest,
    ended_at,
    ended_earliest,
    ended_latest,
    failed_requests,
    requests,
    settle_s,
    nullif(experiment_id, '') AS experiment_id,
    labels
FROM kept.outage_spells
