-- What log lines and imports said of the wanted subjects of one domain.
WITH wanted AS (
    SELECT unnest($environments) AS environment, unnest($services) AS service, unnest($names) AS name
)
SELECT
    s.source, s.environment, s.service, w.name, s.operation, s.instance, s.labels, s.occurred_us, s.from_state,
    s.to_state, s.position
FROM raw.sightings AS s
JOIN wanted AS w
    ON s.environment = w.environment
    AND s.service = w.service
    AND CASE $domain WHEN 'breaker' THEN s.breaker WHEN 'health' THEN s.component ELSE '' END = w.name
WHERE s.kind = $sighting_kind
ORDER BY s.source, s.occurred_us, s.position
