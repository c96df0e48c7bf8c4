-- In which environments each service was ever watched.
SELECT DISTINCT environment, service
FROM kept.coverage
WHERE service <> ''
ORDER BY ALL
