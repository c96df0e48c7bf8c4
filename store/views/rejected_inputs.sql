-- view: Input that could not be understood, kept as it came.
-- column environment: Environment that the source declared in its last run.
-- column source: Name of the source.
-- column seen_at: When it was met.
-- column position: What makes it the same piece when it is met again; the reason says where it stands.
-- column reason: Why it was rejected.
-- column content: The input, cut where it is long; empty once the retention of raw log text is over.
-- column labels: Labels that the source declared in its last run (cluster, region), without environment.
WITH declared AS (
    SELECT
        source,
        arg_max(environment, started_us) AS environment,
        arg_max(labels, started_us) AS labels
    FROM raw.collection_runs
    GROUP BY source
)

SELECT
    nullif(declared.environment, '') AS environment,
    rejected.source,
    make_timestamptz(rejected.seen_us) AS seen_at,
    rejected.position,
    rejected.reason,
    rejected.content,
    coalesce(declared.labels, MAP {}::MAP(VARCHAR, VARCHAR)) AS labels
FROM raw.rejected AS rejected
LEFT JOIN declared ON declared.source = rejected.source
