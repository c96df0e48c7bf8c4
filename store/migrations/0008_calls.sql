-- Calls told one by one (log lines) beside calls counted by counters, and who of them is believed.

-- Spans of sightings that came in since the last analysis. Their subjects are too coarse a mark where lines are many.
CREATE TABLE raw.stale_sightings (
    kind VARCHAR NOT NULL,
    environment VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    from_us BIGINT NOT NULL,
    to_us BIGINT NOT NULL
);

ALTER TABLE kept.request_counts ADD COLUMN breaker VARCHAR DEFAULT '';
ALTER TABLE kept.request_counts ADD COLUMN counted_by VARCHAR DEFAULT 'metrics';
ALTER TABLE kept.request_counts ADD COLUMN role VARCHAR DEFAULT '';
ALTER TABLE kept.retry_counts ADD COLUMN breaker VARCHAR DEFAULT '';
ALTER TABLE kept.retry_counts ADD COLUMN counted_by VARCHAR DEFAULT 'metrics';
ALTER TABLE kept.latency_histograms ADD COLUMN breaker VARCHAR DEFAULT '';
ALTER TABLE kept.latency_histograms ADD COLUMN counted_by VARCHAR DEFAULT 'metrics';

-- What each witness counted of the same calls on one UTC day. Rows of an unchosen one stay out of the views of counts.
CREATE TABLE kept.count_witnesses (
    environment VARCHAR,
    relation VARCHAR,
    service VARCHAR,
    breaker VARCHAR,
    day_start TIMESTAMPTZ,
    day_end TIMESTAMPTZ,
    counted_by VARCHAR,
    count BIGINT,
    chosen BOOLEAN,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);
