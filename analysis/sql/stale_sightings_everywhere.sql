-- Marks every call and attempt that log lines told: what is kept was computed by an older version.
INSERT INTO raw.stale_sightings (kind, environment, service, from_us, to_us)
SELECT kind, environment, service, min(occurred_us) AS from_us, max(occurred_us) AS to_us
FROM raw.sightings
WHERE kind IN ('request', 'retry_attempt')
GROUP BY kind, environment, service
