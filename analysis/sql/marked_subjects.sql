-- What the store marked; where nothing was told that marks others beside it (see stale_subjects.sql), that is all.
SELECT DISTINCT domain, environment, service, name FROM raw.stale_subjects ORDER BY ALL
