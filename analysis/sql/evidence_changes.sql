-- Deploys, restarts and manual acts that may have healed a breaker of these services, or of what they call.
SELECT environment, service, occurred_us, detail['change'] AS change, labels
FROM raw.sightings
WHERE kind = 'change' AND service IN (SELECT unnest($services))
UNION ALL
SELECT environment, service, started_us, detail['change'], labels
FROM raw.records
WHERE kind = 'change' AND service IN (SELECT unnest($services))
ORDER BY occurred_us
