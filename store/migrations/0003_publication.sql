-- What was published, and what has changed since.

CREATE TABLE meta.publication (
    store_id VARCHAR NOT NULL,
    generation BIGINT NOT NULL,
    published_us BIGINT NOT NULL,
    as_of_us BIGINT,
    recorded BOOLEAN NOT NULL,
    shape VARCHAR NOT NULL,      -- fingerprint of tables and views: a file of another shape is written from the ground
    parts_prefix VARCHAR NOT NULL, -- where the views of the published file look for parts
    row_watermark BIGINT NOT NULL, -- rows of sparse relations with a higher row_id are new
    whole_bytes BIGINT NOT NULL,   -- size when it was last written from the ground
    file_bytes BIGINT NOT NULL,    -- the file as we left it: any other is not continued
    file_mtime_ns BIGINT NOT NULL
);

-- Rows of sparse relations that were published and are gone since.
CREATE TABLE meta.tombstones (relation VARCHAR NOT NULL, row_id BIGINT NOT NULL);

-- Sparse relations with changes; whole where a statement changed them in a way not followed row by row.
CREATE TABLE meta.changed_relations (relation VARCHAR NOT NULL, whole BOOLEAN NOT NULL);

-- Spans of dense relations that changed, both ends inclusive.
CREATE TABLE meta.changed_spans (relation VARCHAR NOT NULL, start_us BIGINT NOT NULL, end_us BIGINT NOT NULL);

-- Parquet parts of dense relations. A part covers [start_us, end_us); superseded ones wait for their grace to end.
CREATE TABLE meta.parts (
    file_name VARCHAR PRIMARY KEY,
    relation VARCHAR NOT NULL,
    start_us BIGINT NOT NULL,
    end_us BIGINT NOT NULL,
    row_count BIGINT NOT NULL,
    superseded BOOLEAN NOT NULL,
    superseded_us BIGINT
);

-- Who we are: a published file of another store is never continued.
CREATE TABLE meta.identity (store_id VARCHAR NOT NULL);
INSERT INTO meta.identity SELECT uuid()::VARCHAR;
