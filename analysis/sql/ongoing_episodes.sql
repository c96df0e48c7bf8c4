-- An episode is still open while one of its incidents is: as long as that one was last seen open, from the first opening.
WITH seen AS (
    SELECT i.episode_id, max(s.as_of) AS as_of
    FROM kept.breaker_incidents AS i
    JOIN kept.breaker_states AS s
        ON s.environment = i.environment AND s.service = i.service AND s.breaker = i.breaker
        AND s.instance = i.instance AND s.labels = i.labels
    WHERE i.status = 'ongoing'
    GROUP BY i.episode_id
)
SELECT
    e.* REPLACE (epoch_us(e.opened_at) AS opened_at, epoch_us(e.opened_earliest) AS opened_earliest,
        epoch_us(e.opened_latest) AS opened_latest),
    greatest(0, (epoch_us(seen.as_of) - epoch_us(e.opened_latest)) / 1e6 - coalesce(e.idle_open_s, 0)) AS elapsed_s
FROM kept.breaker_episodes AS e
JOIN seen ON seen.episode_id = e.episode_id
WHERE e.status = 'ongoing' AND e.duration_low_s IS DISTINCT FROM elapsed_s
ORDER BY e.episode_id
