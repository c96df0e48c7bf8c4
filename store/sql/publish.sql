-- Statements of a publication. The new file is attached as "published"; the owner's database is "owner".

-- step: header
SELECT * FROM owner.meta.publication

-- step: new_header
SELECT
    (SELECT any_value(store_id) FROM owner.meta.identity) AS store_id,
    coalesce((SELECT max(generation) FROM owner.meta.publication), 0) + 1 AS generation,
    nextval('owner.meta.row_ids') AS row_watermark

-- step: header_of_copy
SELECT store_id, generation FROM published.meta.publication

-- step: ground
CREATE SCHEMA published.meta;
CREATE SCHEMA published.raw;
CREATE SCHEMA published.kept;
CREATE SCHEMA published.inside;
CREATE TABLE published.meta.publication AS FROM owner.meta.publication LIMIT 0;
CREATE TABLE published.meta.part_files (relation VARCHAR NOT NULL, position INTEGER NOT NULL, path VARCHAR NOT NULL);

-- step: clear_part_files
DELETE FROM published.meta.part_files WHERE relation = $relation

-- step: part_files
SELECT relation, list(path ORDER BY position) FROM published.meta.part_files GROUP BY relation

-- step: add_part_file
INSERT INTO published.meta.part_files (relation, position, path) VALUES ($relation, $position, $path)

-- step: whole
CREATE TABLE published.{relation} AS FROM owner.{relation}

-- step: drop
DROP TABLE published.{relation}

-- step: changed
SELECT relation, bool_or(whole) AS whole FROM owner.meta.changed_relations GROUP BY relation

-- step: remove
DELETE FROM published.{relation}
WHERE row_id IN (SELECT row_id FROM owner.meta.tombstones WHERE relation = $relation)

-- step: add
INSERT INTO published.{relation} BY NAME FROM owner.{relation} WHERE row_id > $row_watermark

-- step: inside_whole
CREATE TABLE published.inside.{relation} AS
FROM owner.kept.{relation}
WHERE {when} >= make_timestamptz($boundary_us)

-- step: inside_spill
DELETE FROM published.inside.{relation} WHERE {when} < make_timestamptz($boundary_us)

-- step: inside_remove
DELETE FROM published.inside.{relation}
WHERE {when} BETWEEN make_timestamptz($start_us) AND make_timestamptz($end_us)

-- step: inside_add
INSERT INTO published.inside.{relation} BY NAME
FROM owner.kept.{relation}
WHERE
    {when} BETWEEN make_timestamptz($start_us) AND make_timestamptz($end_us)
    AND {when} >= make_timestamptz($boundary_us)

-- step: inside_only
CREATE OR REPLACE VIEW kept.{relation} AS SELECT * FROM inside.{relation}

-- step: inside_and_parts
CREATE OR REPLACE VIEW kept.{relation} AS
SELECT * FROM inside.{relation}
UNION ALL BY NAME
SELECT * FROM read_parquet($paths)

-- step: clear_header
DELETE FROM {database}.meta.publication

-- step: set_header
INSERT INTO {database}.meta.publication (
    store_id, generation, published_us, as_of_us, recorded, shape, parts_prefix, row_watermark, whole_bytes, file_bytes,
    file_mtime_ns
)
VALUES (
    $store_id, $generation, $published_us, $as_of_us, $recorded, $shape, $parts_prefix, $row_watermark, $whole_bytes,
    $file_bytes, $file_mtime_ns
)

-- step: clear_tombstones
DELETE FROM owner.meta.tombstones

-- step: clear_relations
DELETE FROM owner.meta.changed_relations

-- step: clear_spans
DELETE FROM owner.meta.changed_spans
