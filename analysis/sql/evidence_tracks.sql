-- The tracks that bear witness to the wanted subjects of one domain.
WITH wanted AS (
    SELECT unnest($environments) AS environment, unnest($services) AS service, unnest($names) AS name
)
SELECT
    t.track_id, t.kind, t.source, t.environment, t.service, w.name, t.operation, t.instance, t.labels, t.scrape_target,
    t.detail
FROM raw.tracks AS t
JOIN wanted AS w
    ON t.environment = w.environment
    AND t.service = w.service
    AND CASE $domain WHEN 'breaker' THEN t.breaker WHEN 'health' THEN t.component ELSE '' END = w.name
WHERE t.kind = $state_kind
    OR (t.kind = 'transitions' AND coalesce(t.detail['domain'], 'breaker') = $domain)
    OR ($domain = 'breaker' AND t.kind = 'requests' AND t.detail['outcome'] = 'not_permitted')
ORDER BY t.track_id
