-- What other tools have recorded and somebody imported.

CREATE TABLE raw.records (
    record_id BIGINT NOT NULL,
    subject_id BIGINT NOT NULL,
    source VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    started_us BIGINT NOT NULL,
    ended_us BIGINT,
    value DOUBLE,
    environment VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    labels MAP(VARCHAR, VARCHAR) NOT NULL,
    detail MAP(VARCHAR, VARCHAR) NOT NULL,
    file_row BIGINT NOT NULL,
    imported_us BIGINT NOT NULL
);

ALTER TABLE kept.outages ADD COLUMN component VARCHAR;
