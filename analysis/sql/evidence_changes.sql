-- Deploys, restarts and manual acts that may have healed a breaker of these services, or of what they call.
SELECT environment, service, occurred_us, detail['change'] AS change, labels
FROM raw.sightings
WHERE kind = 'change' AND service IN (SELECT unnest($services))
ORDER BY occurred_us
