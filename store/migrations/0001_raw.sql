-- What came in, as it came in. Instants are microseconds since the epoch; '' in a subject is "not said".

CREATE SCHEMA IF NOT EXISTS meta;
CREATE SCHEMA raw;

-- Numbers rows of sparse relations, so that publication finds the new ones without looking at the old ones.
CREATE SEQUENCE meta.row_ids;

CREATE TABLE raw.tracks (
    track_id BIGINT NOT NULL,
    source VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    environment VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    operation VARCHAR NOT NULL,
    breaker VARCHAR NOT NULL,
    component VARCHAR NOT NULL,
    target VARCHAR NOT NULL,
    instance VARCHAR NOT NULL,
    labels MAP(VARCHAR, VARCHAR) NOT NULL,
    scrape_target VARCHAR NOT NULL,
    profile VARCHAR NOT NULL,
    source_group VARCHAR NOT NULL,
    detail MAP(VARCHAR, VARCHAR) NOT NULL
);

-- The last run of every track grows with every collection; the others hardly ever change. Apart, a steady system
-- rewrites a few rows here instead of touching every row group of its history.
CREATE TABLE raw.settled_runs (
    track_id BIGINT NOT NULL,
    first_us BIGINT NOT NULL,
    last_us BIGINT NOT NULL,
    value DOUBLE NOT NULL,
    read_s DOUBLE NOT NULL,
    assumed BOOLEAN NOT NULL
);

CREATE TABLE raw.latest_runs (
    track_id BIGINT NOT NULL,
    first_us BIGINT NOT NULL,
    last_us BIGINT NOT NULL,
    value DOUBLE NOT NULL,
    read_s DOUBLE NOT NULL,
    assumed BOOLEAN NOT NULL,
    settled_until_us BIGINT -- last instant of the track's settled runs; NULL has none
);

CREATE VIEW raw.runs AS
SELECT track_id, first_us, last_us, value, read_s, assumed FROM raw.settled_runs
UNION ALL
SELECT track_id, first_us, last_us, value, read_s, assumed FROM raw.latest_runs;

CREATE TABLE raw.sightings (
    sighting_id BIGINT NOT NULL,
    source VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    occurred_us BIGINT NOT NULL,
    environment VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    operation VARCHAR NOT NULL,
    breaker VARCHAR NOT NULL,
    component VARCHAR NOT NULL,
    target VARCHAR NOT NULL,
    instance VARCHAR NOT NULL,
    labels MAP(VARCHAR, VARCHAR) NOT NULL,
    source_group VARCHAR NOT NULL,
    profile VARCHAR NOT NULL,
    from_state VARCHAR NOT NULL,
    to_state VARCHAR NOT NULL,
    detail MAP(VARCHAR, VARCHAR) NOT NULL,
    position VARCHAR NOT NULL,
    raw_text VARCHAR NOT NULL
);

CREATE TABLE raw.checkpoints (
    source VARCHAR NOT NULL,
    key VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    PRIMARY KEY (source, key)
);

CREATE TABLE raw.seen (
    source VARCHAR PRIMARY KEY,
    until_us BIGINT NOT NULL
);

CREATE TABLE raw.rejected (
    source VARCHAR NOT NULL,
    seen_us BIGINT NOT NULL,
    position VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    content VARCHAR NOT NULL,
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

CREATE TABLE raw.collection_runs (
    environment VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    started_us BIGINT NOT NULL,
    finished_us BIGINT NOT NULL,
    window_start_us BIGINT,
    window_end_us BIGINT,
    events BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    status VARCHAR NOT NULL,
    error VARCHAR NOT NULL,
    labels MAP(VARCHAR, VARCHAR) NOT NULL,
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

CREATE TABLE raw.stale_subjects (
    domain VARCHAR NOT NULL,
    environment VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    name VARCHAR NOT NULL
);

CREATE TABLE raw.stale_counters (
    track_id BIGINT NOT NULL,
    from_us BIGINT NOT NULL,
    to_us BIGINT NOT NULL
);
