-- When the processes behind some scrape targets said that they began.
WITH wanted AS (
    SELECT unnest($sources) AS source, unnest($scrape_targets) AS scrape_target
)
SELECT t.source, t.scrape_target, r.first_us, r.last_us, r.value
FROM raw.tracks AS t
JOIN wanted AS w ON t.source = w.source AND t.scrape_target = w.scrape_target
JOIN raw.runs AS r USING (track_id)
WHERE t.kind = 'process_start' AND NOT isnan(r.value)
ORDER BY t.source, t.scrape_target, r.first_us
