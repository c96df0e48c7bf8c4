-- Outages as they are detected, what they are made of, and what was put in on purpose.

CREATE TABLE kept.experiment_faults (
    environment VARCHAR,
    experiment_id VARCHAR,
    service VARCHAR,
    target VARCHAR,
    phase VARCHAR,
    intensity VARCHAR,
    injected_at TIMESTAMPTZ,
    removed_at TIMESTAMPTZ,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

CREATE TABLE kept.failure_spells (
    environment VARCHAR,
    service VARCHAR,
    operation VARCHAR,
    target VARCHAR,
    failed_at TIMESTAMPTZ,
    failed_earliest TIMESTAMPTZ,
    failed_latest TIMESTAMPTZ,
    served_at TIMESTAMPTZ,
    served_earliest TIMESTAMPTZ,
    served_latest TIMESTAMPTZ,
    failed_requests BIGINT,
    requests BIGINT,
    sources VARCHAR[],
    assumed BOOLEAN,
    experiment_id VARCHAR,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

CREATE TABLE kept.outage_spells (
    environment VARCHAR,
    service VARCHAR,
    component VARCHAR,
    origin VARCHAR,
    kind VARCHAR,
    cause VARCHAR,
    level VARCHAR,
    detail VARCHAR,
    started_at TIMESTAMPTZ,
    started_earliest TIMESTAMPTZ,
    started_latest TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    ended_earliest TIMESTAMPTZ,
    ended_latest TIMESTAMPTZ,
    failed_requests BIGINT,
    requests BIGINT,
    settle_s DOUBLE,
    experiment_id VARCHAR,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

ALTER TABLE kept.outages ADD COLUMN started_earliest TIMESTAMPTZ;
ALTER TABLE kept.outages ADD COLUMN started_latest TIMESTAMPTZ;
ALTER TABLE kept.outages ADD COLUMN ended_earliest TIMESTAMPTZ;
ALTER TABLE kept.outages ADD COLUMN ended_latest TIMESTAMPTZ;
ALTER TABLE kept.health_changes ADD COLUMN experiment_id VARCHAR DEFAULT '';
ALTER TABLE kept.service_level_changes ADD COLUMN experiment_id VARCHAR DEFAULT '';
