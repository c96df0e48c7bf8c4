-- The runs of some tracks of which none is a proof (see evidence_runs.sql), so that all of them are taken.
SELECT track_id, first_us, last_us, value, read_s, assumed
FROM raw.runs
WHERE track_id IN (SELECT unnest($track_ids))
ORDER BY track_id, first_us
