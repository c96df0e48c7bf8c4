-- The record of attempts to collect.

-- step: insert
INSERT INTO raw.collection_runs (
    environment, source, started_us, finished_us, window_start_us, window_end_us, events, rejected, status, error, labels,
    failures, next_attempt_us, needs_person, notes
)
VALUES (
    $environment, $source, $started_us, $finished_us, $window_start_us, $window_end_us, $events, $rejected, $status,
    $error, $labels, $failures, $next_attempt_us, $needs_person, $notes
)

-- step: forgotten
-- Attempts that went well, a while ago; the last one of each source stays, whatever its age.
CREATE OR REPLACE TEMP TABLE forgotten AS
SELECT run.row_id
FROM raw.collection_runs AS run
WHERE
    run.status = 'ok'
    AND run.finished_us < $before_us
    AND run.row_id < (SELECT max(later.row_id) FROM raw.collection_runs AS later WHERE later.source = run.source)

-- step: tombstones
INSERT INTO meta.tombstones (relation, row_id) SELECT 'raw.collection_runs', row_id FROM forgotten

-- step: delete
DELETE FROM raw.collection_runs WHERE row_id IN (SELECT row_id FROM forgotten)
