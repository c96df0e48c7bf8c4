-- What behaviour is judged by: how attempts were counted, when failures spread, and in which state components are.

-- Some counters of attempts count the first one of each call, too.
ALTER TABLE kept.retry_counts ADD COLUMN first_attempts BOOLEAN DEFAULT false;

INSERT INTO meta.changed_spans (relation, start_us, end_us)
SELECT 'kept.retry_counts', epoch_us(min(bucket_start)), epoch_us(max(bucket_start))
FROM kept.retry_counts
HAVING count(*) > 0;

ALTER TABLE kept.cascades ADD COLUMN basis VARCHAR;
ALTER TABLE kept.cascades ADD COLUMN started_at TIMESTAMPTZ;
ALTER TABLE kept.cascades ADD COLUMN started_earliest TIMESTAMPTZ;
ALTER TABLE kept.cascades ADD COLUMN started_latest TIMESTAMPTZ;
ALTER TABLE kept.cascades ADD COLUMN follower_started_at TIMESTAMPTZ;
ALTER TABLE kept.cascades ADD COLUMN lag_low_s DOUBLE;
ALTER TABLE kept.cascades ADD COLUMN lag_high_s DOUBLE;
ALTER TABLE kept.cascades ADD COLUMN sure BOOLEAN;
ALTER TABLE kept.cascades ADD COLUMN contained_by VARCHAR;
ALTER TABLE kept.cascades ADD COLUMN experiment_id VARCHAR;

CREATE TABLE kept.health_states (
    environment VARCHAR,
    service VARCHAR,
    component VARCHAR,
    instance VARCHAR,
    state VARCHAR,
    first_state VARCHAR,
    first_seen TIMESTAMPTZ,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);
