INSERT INTO raw.collection_runs (
    environment, source, started_us, finished_us, window_start_us, window_end_us, events, rejected, status, error, labels
)
VALUES (
    $environment, $source, $started_us, $finished_us, $window_start_us, $window_end_us, $events, $rejected, $status,
    $error, $labels
)
