-- Regressions: what is known of each, how each series stands, and the baselines that people set.

ALTER TABLE kept.regressions ADD COLUMN regression_id BIGINT;
ALTER TABLE kept.regressions ADD COLUMN event_id BIGINT;
ALTER TABLE kept.regressions ADD COLUMN rule VARCHAR;
ALTER TABLE kept.regressions ADD COLUMN baseline VARCHAR;
ALTER TABLE kept.regressions ADD COLUMN unit VARCHAR;
ALTER TABLE kept.regressions ADD COLUMN better VARCHAR;
ALTER TABLE kept.regressions ADD COLUMN changed_earliest TIMESTAMPTZ;
ALTER TABLE kept.regressions ADD COLUMN changed_latest TIMESTAMPTZ;
ALTER TABLE kept.regressions ADD COLUMN recovered_at TIMESTAMPTZ;
ALTER TABLE kept.regressions ADD COLUMN runs_before BIGINT;
ALTER TABLE kept.regressions ADD COLUMN runs_after BIGINT;
ALTER TABLE kept.regressions ADD COLUMN p DOUBLE;
ALTER TABLE kept.regressions ADD COLUMN reason VARCHAR;
ALTER TABLE kept.regressions ADD COLUMN accepted_until TIMESTAMPTZ;

CREATE TABLE kept.benchmark_series (
    environment VARCHAR,
    suite VARCHAR,
    benchmark VARCHAR,
    metric VARCHAR,
    unit VARCHAR,
    better VARCHAR,
    run_environment VARCHAR,
    runs BIGINT,
    repetitions BIGINT,
    first_run_at TIMESTAMPTZ,
    last_run_at TIMESTAMPTZ,
    revision VARCHAR,
    level DOUBLE,
    judged VARCHAR,
    reason VARCHAR,
    content VARCHAR,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

CREATE TABLE kept.baselines (
    environment VARCHAR,
    baseline_id BIGINT,
    name VARCHAR,
    kind VARCHAR,
    suite VARCHAR,
    benchmark VARCHAR,
    metric VARCHAR,
    run_environment VARCHAR,
    revision VARCHAR,
    changed_at TIMESTAMPTZ,
    level DOUBLE,
    reason VARCHAR,
    actor VARCHAR,
    set_at TIMESTAMPTZ,
    expires_at TIMESTAMPTZ,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);
