-- Marks the whole history of every counter, gauge and scrape: what is kept was computed by an older version.
INSERT INTO raw.stale_counters (track_id, from_us, to_us)
SELECT tracks.track_id, min(runs.first_us) AS from_us, max(runs.last_us) AS to_us
FROM raw.tracks AS tracks
JOIN raw.runs AS runs ON runs.track_id = tracks.track_id
WHERE tracks.kind IN ('requests', 'retries', 'latency', 'queue', 'sessions', 'scrape', 'process_start')
GROUP BY tracks.track_id
