-- step: keep
INSERT OR REPLACE INTO raw.checkpoints (source, key, value) VALUES ($source, $key, $value)

-- step: forget
DELETE FROM raw.checkpoints WHERE source = $source AND key = $key

-- step: seen
INSERT INTO raw.seen (source, until_us) VALUES ($source, $until_us)
ON CONFLICT (source) DO UPDATE SET until_us = greatest(until_us, excluded.until_us)
