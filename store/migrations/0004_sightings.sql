-- What each source saw by itself, before fusion: the evidence behind a transition and its bounds.

CREATE TABLE kept.breaker_sightings (
    environment VARCHAR,
    service VARCHAR,
    breaker VARCHAR,
    instance VARCHAR,
    source VARCHAR,
    from_state VARCHAR,
    to_state VARCHAR,
    occurred_at TIMESTAMPTZ,
    occurred_earliest TIMESTAMPTZ,
    occurred_latest TIMESTAMPTZ,
    inferred BOOLEAN,
    assumed BOOLEAN,
    position INTEGER,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);
