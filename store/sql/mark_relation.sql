INSERT INTO meta.changed_relations (relation, whole)
SELECT $relation, $whole
WHERE NOT EXISTS (
    FROM meta.changed_relations WHERE relation = $relation AND (whole OR NOT $whole)
)
