-- Makes the rows of a dense relation in some spans equal to the rows of "fresh_rows". The temp table "fresh_spans" says
-- which: one span (from_us, to_us) for each environment and service.

-- step: buckets
-- From where to where the rows differ; NULL where they do not. A bucket belongs to a span that it overlaps.
WITH stored AS (
    SELECT {columns}
    FROM kept.{relation}
    JOIN fresh_spans USING (environment, service)
    WHERE {when} < make_timestamptz(to_us) AND {when} + to_seconds(bucket_s) > make_timestamptz(from_us)
),
differences AS (
    (SELECT {columns} FROM stored EXCEPT ALL SELECT {columns} FROM fresh_rows)
    UNION ALL
    (SELECT {columns} FROM fresh_rows EXCEPT ALL SELECT {columns} FROM stored)
)
SELECT epoch_us(min({when})) AS from_us, epoch_us(max({when})) AS to_us
FROM differences

-- step: samples
-- Likewise for what happened at an instant; the end of a span is part of it.
WITH stored AS (
    SELECT {columns}
    FROM kept.{relation}
    JOIN fresh_spans USING (environment, service)
    WHERE {when} BETWEEN make_timestamptz(from_us) AND make_timestamptz(to_us)
),
differences AS (
    (SELECT {columns} FROM stored EXCEPT ALL SELECT {columns} FROM fresh_rows)
    UNION ALL
    (SELECT {columns} FROM fresh_rows EXCEPT ALL SELECT {columns} FROM stored)
)
SELECT epoch_us(min({when})) AS from_us, epoch_us(max({when})) AS to_us
FROM differences

-- step: delete_buckets
-- Only from the first difference to the last: what did not change stays where it is.
DELETE FROM kept.{relation} AS stored
USING fresh_spans AS span
WHERE
    stored.environment = span.environment
    AND stored.service = span.service
    AND stored.{when} < make_timestamptz(span.to_us)
    AND stored.{when} + to_seconds(stored.bucket_s) > make_timestamptz(span.from_us)
    AND stored.{when} BETWEEN make_timestamptz($from_us) AND make_timestamptz($to_us)

-- step: delete_samples
DELETE FROM kept.{relation} AS stored
USING fresh_spans AS span
WHERE
    stored.environment = span.environment
    AND stored.service = span.service
    AND stored.{when} BETWEEN make_timestamptz(span.from_us) AND make_timestamptz(span.to_us)
    AND stored.{when} BETWEEN make_timestamptz($from_us) AND make_timestamptz($to_us)

-- step: insert
INSERT INTO kept.{relation} BY NAME
SELECT {columns}
FROM fresh_rows
WHERE {when} BETWEEN make_timestamptz($from_us) AND make_timestamptz($to_us)
