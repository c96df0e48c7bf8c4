-- Lengths of breaker episodes that opened in [$start, $end): per breaker, service and UTC day of the opening.
SELECT
    environment, service, breaker, date_trunc('day', opened_at AT TIME ZONE 'UTC')::DATE AS day,
    duration_s, duration_low_s, duration_high_s
FROM breaker_episodes
WHERE opened_at >= $start
    AND opened_at < $end
    AND ($environment::VARCHAR IS NULL OR environment = $environment)
    AND ($service::VARCHAR IS NULL OR service = $service)
    AND ($breaker::VARCHAR IS NULL OR breaker = $breaker)
ORDER BY opened_at, episode_id
