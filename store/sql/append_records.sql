-- step: new
-- Known by its content: the same statement again, in this file or another, changes nothing.
CREATE OR REPLACE TEMP TABLE new_records AS
SELECT DISTINCT ON (record_id) *
FROM incoming_records
ANTI JOIN raw.records USING (record_id)

-- step: insert
INSERT INTO raw.records BY NAME
SELECT *, $now_us::BIGINT AS imported_us FROM new_records ORDER BY record_id

-- step: stale
INSERT INTO raw.stale_subjects (domain, environment, service, name)
SELECT DISTINCT 'import' AS domain, '' AS environment, '' AS service, kind AS name
FROM new_records
UNION
-- A change explains figures whoever tells of it.
SELECT DISTINCT 'event', environment, service, '' FROM new_records WHERE kind = 'change'
EXCEPT
SELECT domain, environment, service, name FROM raw.stale_subjects
