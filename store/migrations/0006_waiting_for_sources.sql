-- What comes after a run that failed, and what a run has to say though nothing is wrong.

ALTER TABLE raw.collection_runs ADD COLUMN failures BIGINT DEFAULT 0;
ALTER TABLE raw.collection_runs ADD COLUMN next_attempt_us BIGINT;
ALTER TABLE raw.collection_runs ADD COLUMN needs_person BOOLEAN DEFAULT false;
ALTER TABLE raw.collection_runs ADD COLUMN notes VARCHAR DEFAULT '';
