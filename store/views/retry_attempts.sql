-- view: Single attempts of retried calls, from log lines.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column service: Service that retries.
-- column operation: Operation that is retried.
-- column target: Target of the attempt.
-- column instance: Instance that made it.
-- column call_id: The call the attempt belongs to.
-- column attempt: Number of the attempt within its call, from 1.
-- column occurred_at: When it was made.
-- column wait_s: Seconds waited before it; NULL where not said.
-- column error: Error that led to it, in the source's words.
-- column error_class: transient, degraded, persistent or fatal.
-- column outcome: How it ended.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    nullif(service, '') AS service,
    nullif(operation, '') AS operation,
    nullif(target, '') AS target,
    nullif(instance, '') AS instance,
    nullif(call_id, '') AS call_id,
    attempt,
    occurred_at,
    wait_s,
    nullif(error, '') AS error,
    nullif(error_class, '') AS error_class,
    nullif(outcome, '') AS outcome,
    labels
FROM kept.retry_attempts
