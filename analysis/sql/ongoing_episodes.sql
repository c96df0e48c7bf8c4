-- An episode is still open while one of its incidents is: as long as that one was last seen open, from the first opening.
SELECT
    e.*,
    greatest(0, epoch_us(max(s.as_of)) - epoch_us(e.opened_latest)) / 1e6 AS elapsed_s
FROM kept.breaker_episodes AS e
JOIN kept.breaker_incidents AS i ON i.episode_id = e.episode_id AND i.status = 'ongoing'
JOIN kept.breaker_states AS s
    ON s.environment = i.environment AND s.service = i.service AND s.breaker = i.breaker
    AND s.instance = i.instance AND s.labels = i.labels
WHERE e.status = 'ongoing'
GROUP BY ALL
ORDER BY e.episode_id
