-- When the processes of these services' instances were replaced: by their own start times, and by what logs said.
WITH starts AS (
    SELECT
        t.environment, t.service, t.instance, t.labels, t.source, r.first_us, r.value,
        lag(r.last_us) OVER same_target AS before_us,
        lag(r.value) OVER same_target AS value_before
    FROM raw.tracks AS t
    JOIN raw.runs AS r USING (track_id)
    WHERE t.kind = 'process_start' AND NOT isnan(r.value) AND t.service IN (SELECT unnest($services))
    WINDOW same_target AS (PARTITION BY t.track_id ORDER BY r.first_us)
)
SELECT environment, service, instance, labels, source, before_us AS after_us, first_us AS until_us
FROM starts
WHERE abs(value - value_before) > 1 -- some programs compute their start anew at every scrape
UNION ALL
SELECT environment, service, instance, labels, source, occurred_us, occurred_us
FROM raw.sightings
WHERE kind = 'change' AND detail['change'] = 'restart' AND instance <> '' AND service IN (SELECT unnest($services))
ORDER BY ALL
