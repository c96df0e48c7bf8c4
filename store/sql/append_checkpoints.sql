-- To change a row that is there takes a fraction of what INSERT OR REPLACE does; mostly it is there.

-- step: move
UPDATE raw.checkpoints SET value = $value WHERE source = $source AND key = $key

-- step: keep
INSERT INTO raw.checkpoints (source, key, value) VALUES ($source, $key, $value)

-- step: forget
DELETE FROM raw.checkpoints WHERE source = $source AND key = $key

-- step: seen_again
UPDATE raw.seen SET until_us = greatest(until_us, $until_us) WHERE source = $source

-- step: seen
INSERT INTO raw.seen (source, until_us) VALUES ($source, $until_us)
