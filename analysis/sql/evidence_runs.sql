SELECT track_id, first_us, last_us, value, read_s, assumed
FROM raw.runs
WHERE track_id IN (SELECT unnest($track_ids))
ORDER BY track_id, first_us
