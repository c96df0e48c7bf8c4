-- Who is believed about retries is decided operation by operation: libraries that retry name what they retry alike.
ALTER TABLE kept.count_witnesses ADD COLUMN operation VARCHAR DEFAULT '';
