-- What each source saw of a failover by itself, before fusion: the evidence behind its bounds.

CREATE TABLE kept.failover_sightings (
    environment VARCHAR,
    service VARCHAR,
    operation VARCHAR,
    from_target VARCHAR,
    to_target VARCHAR,
    failed_earliest TIMESTAMPTZ,
    failed_latest TIMESTAMPTZ,
    served_earliest TIMESTAMPTZ,
    served_latest TIMESTAMPTZ,
    trigger VARCHAR,
    source VARCHAR,
    seen_in VARCHAR,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);
