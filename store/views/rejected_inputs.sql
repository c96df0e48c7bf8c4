-- view: Input that could not be understood, kept as it came.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column source: Name of the source.
-- column seen_at: When it was met.
-- column position: Where it stands in the source.
-- column reason: Why it was rejected.
-- column content: The input, cut where it is long.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    NULL::VARCHAR AS environment,
    source,
    make_timestamptz(seen_us) AS seen_at,
    position,
    reason,
    content,
    MAP {}::MAP(VARCHAR, VARCHAR) AS labels
FROM raw.rejected
