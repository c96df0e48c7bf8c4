-- By when the last failed call of a spell had ended: a target that never answers again has no other end.
ALTER TABLE kept.failure_spells ADD COLUMN IF NOT EXISTS last_failed_latest TIMESTAMPTZ;
