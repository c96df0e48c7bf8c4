-- What the store marked; where nothing was told that marks others beside it (see stale_subjects.sql), that is all. Among
-- the domains "requests" says that calls were counted anew.
SELECT DISTINCT domain, environment, service, name FROM raw.stale_subjects
UNION ALL
SELECT 'requests', '', '', ''
WHERE EXISTS (FROM raw.stale_counters AS s JOIN raw.tracks AS t USING (track_id) WHERE t.kind = 'requests')
ORDER BY ALL
