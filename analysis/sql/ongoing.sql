-- What is still open and was seen so for longer by now: the lower bound of its length grows with every sample.
SELECT
    i.* REPLACE (epoch_us(i.opened_at) AS opened_at, epoch_us(i.opened_earliest) AS opened_earliest,
        epoch_us(i.opened_latest) AS opened_latest),
    greatest(0, (epoch_us(s.as_of) - epoch_us(i.opened_latest)) / 1e6 - coalesce(i.idle_open_s, 0)) AS elapsed_s
FROM kept.breaker_incidents AS i
JOIN kept.breaker_states AS s
    ON s.environment = i.environment AND s.service = i.service AND s.breaker = i.breaker
    AND s.instance = i.instance AND s.labels = i.labels
WHERE i.status = 'ongoing' AND i.duration_low_s IS DISTINCT FROM elapsed_s
ORDER BY i.incident_id
