-- What is not kept for ever: the words in which something was told. What was told stays.

-- step: texts
UPDATE raw.sightings SET raw_text = '' WHERE occurred_us < $before_us AND raw_text <> ''

-- step: expired
CREATE OR REPLACE TEMP TABLE expired AS
SELECT row_id FROM raw.rejected WHERE seen_us < $before_us AND content <> ''

-- step: tombstones
INSERT INTO meta.tombstones (relation, row_id) SELECT 'raw.rejected', row_id FROM expired

-- step: contents
-- A row with another number is a new one to the publication. Its position stays, so that it is not met anew.
UPDATE raw.rejected SET content = '', row_id = nextval('meta.row_ids') WHERE row_id IN (SELECT row_id FROM expired)

-- step: failures
-- Attempts that failed, longer ago than what they could have brought would be kept; the last of each source stays.
CREATE OR REPLACE TEMP TABLE forgotten AS
SELECT run.row_id
FROM raw.collection_runs AS run
WHERE
    run.finished_us < $samples_before_us
    AND run.row_id < (SELECT max(later.row_id) FROM raw.collection_runs AS later WHERE later.source = run.source)

-- step: rewrite
-- The published file is copied forward, free space and all: written anew, it holds nothing of what was emptied.
UPDATE meta.publication SET file_bytes = -1
