-- When the processes behind some scrape targets were replaced, as told by their counters that fell; only for targets
-- that do not export a start time. Of several that tell of one restart the narrowest span stands.
WITH wanted AS (
    SELECT unnest($sources) AS source, unnest($scrape_targets) AS scrape_target
),
counters AS (
    SELECT t.track_id, t.source, t.scrape_target
    FROM raw.tracks AS t
    JOIN wanted AS w ON t.source = w.source AND t.scrape_target = w.scrape_target
    -- Of the calls those that rise most: a fall shows there first, and to look at all of them would take long.
    WHERE (
            t.kind = 'transitions'
            OR (t.kind = 'requests' AND (t.detail['outcome'] = 'success' OR t.detail['role'] = 'fire'))
        )
        AND NOT EXISTS (
            FROM raw.tracks AS start
            WHERE start.kind = 'process_start'
                AND start.source = t.source
                AND start.scrape_target = t.scrape_target
        )
),
runs AS (
    SELECT
        c.source, c.scrape_target, c.track_id, r.first_us, r.last_us,
        CASE WHEN NOT isnan(r.value) THEN r.value END AS value,
        lead(r.first_us) OVER of_track AS next_us,
        lead(r.value) OVER of_track AS next_value
    FROM counters AS c
    JOIN raw.runs AS r USING (track_id)
    WINDOW of_track AS (PARTITION BY r.track_id ORDER BY r.first_us)
),
followed AS (
    SELECT
        source, scrape_target, first_us, value,
        last_value(
            CASE
                WHEN value IS NOT NULL THEN {
                    value: value,
                    last_us: last_us,
                    absent_us: CASE WHEN isnan(next_value) THEN next_us END
                }
            END IGNORE NULLS
        ) OVER (
            PARTITION BY track_id ORDER BY first_us ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS before
    FROM runs
),
told AS (
    -- Where the series was missing first, the restart came before that: from then on it was the new process.
    SELECT DISTINCT source, scrape_target, before.last_us AS after_us, coalesce(before.absent_us, first_us) AS until_us
    FROM followed
    WHERE value < before.value
)
SELECT source, scrape_target, after_us, until_us
FROM told
WHERE NOT EXISTS (
    FROM told AS narrower
    WHERE narrower.source = told.source
        AND narrower.scrape_target = told.scrape_target
        AND narrower.after_us >= told.after_us
        AND narrower.until_us <= told.until_us
        AND (narrower.after_us > told.after_us OR narrower.until_us < told.until_us)
)
ORDER BY ALL
