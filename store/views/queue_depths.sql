-- view: Sampled depths of queues.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column service: Service that owns the queue.
-- column instance: Instance that was asked.
-- column queue: Name of the queue.
-- column kind: main, retry or dead_letter.
-- column priority: Priority class, where queues have one.
-- column sampled_at: When the depth was read.
-- column depth: Messages waiting.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    nullif(service, '') AS service,
    nullif(instance, '') AS instance,
    nullif(queue, '') AS queue,
    kind,
    nullif(priority, '') AS priority,
    sampled_at,
    depth,
    labels
FROM kept.queue_depths
