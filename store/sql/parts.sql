-- Which spans of a dense relation lie in which Parquet parts.

-- step: live
SELECT file_name, relation, start_us, end_us
FROM meta.parts
WHERE NOT superseded
ORDER BY relation, start_us

-- step: newest
SELECT count(*) AS row_count, epoch_us(max({when})) AS newest_us, epoch_us(min({when})) AS oldest_us
FROM kept.{relation}

-- step: count
SELECT count(*) AS row_count
FROM kept.{relation}
WHERE {when} >= make_timestamptz($start_us) AND {when} < make_timestamptz($end_us)

-- step: stage
CREATE OR REPLACE TEMP TABLE part AS
SELECT *
FROM kept.{relation}
WHERE {when} >= make_timestamptz($start_us) AND {when} < make_timestamptz($end_us)
ORDER BY environment, service, {when}

-- step: spans
SELECT relation, min(start_us), max(end_us)
FROM meta.changed_spans
GROUP BY relation, time_bucket(INTERVAL 1 HOUR, make_timestamp(start_us))

-- step: days
SELECT DISTINCT epoch_us(date_trunc('day', {when})) AS day_us
FROM kept.{relation}
WHERE {when} BETWEEN make_timestamptz($start_us) AND make_timestamptz($end_us)

-- step: add
INSERT INTO meta.parts (file_name, relation, start_us, end_us, row_count, superseded, superseded_us)
VALUES ($file_name, $relation, $start_us, $end_us, $row_count, false, NULL)

-- step: supersede
UPDATE meta.parts SET superseded = true WHERE file_name = $file_name

-- step: orphan
INSERT INTO meta.parts (file_name, relation, start_us, end_us, row_count, superseded, superseded_us)
VALUES ($file_name, '', 0, 0, 0, true, $now_us)

-- step: retire
UPDATE meta.parts SET superseded_us = $now_us WHERE superseded AND superseded_us IS NULL

-- step: expired
SELECT file_name FROM meta.parts WHERE superseded AND superseded_us < $before_us

-- step: forget
DELETE FROM meta.parts WHERE file_name = $file_name
