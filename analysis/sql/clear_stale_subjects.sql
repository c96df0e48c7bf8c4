DELETE FROM raw.stale_subjects
