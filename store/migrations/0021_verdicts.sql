-- What a verdict needs to be defended later: how it was asked and counted, and what it restates.
ALTER TABLE kept.verdicts ADD COLUMN breaker VARCHAR;
ALTER TABLE kept.verdicts ADD COLUMN operation VARCHAR;
ALTER TABLE kept.verdicts ADD COLUMN experiment_id VARCHAR;
ALTER TABLE kept.verdicts ADD COLUMN known_until TIMESTAMPTZ;
ALTER TABLE kept.verdicts ADD COLUMN window_name VARCHAR;
ALTER TABLE kept.verdicts ADD COLUMN comparison VARCHAR;
ALTER TABLE kept.verdicts ADD COLUMN unit VARCHAR;
ALTER TABLE kept.verdicts ADD COLUMN ongoing BIGINT;
ALTER TABLE kept.verdicts ADD COLUMN ci_low DOUBLE;
ALTER TABLE kept.verdicts ADD COLUMN ci_high DOUBLE;
ALTER TABLE kept.verdicts ADD COLUMN report_only BOOLEAN;
ALTER TABLE kept.verdicts ADD COLUMN at_risk BOOLEAN;
ALTER TABLE kept.verdicts ADD COLUMN budget_s DOUBLE;
ALTER TABLE kept.verdicts ADD COLUMN budget_left_s DOUBLE;
ALTER TABLE kept.verdicts ADD COLUMN question_id BIGINT;
ALTER TABLE kept.verdicts ADD COLUMN restates BIGINT;
ALTER TABLE kept.verdicts ADD COLUMN terms VARCHAR;
