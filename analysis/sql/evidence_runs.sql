-- The runs of some tracks. Of a counter whose every count proves that a breaker is closed (successes: it grows with each
-- scrape, for months) only those are taken that stand before and after some other news of the breaker, and both ends:
-- what lies between proves again what was proved.
WITH wanted AS (
    SELECT t.*
    FROM raw.tracks AS t
    WHERE t.track_id IN (SELECT unnest($track_ids))
),
proofs AS (
    SELECT * FROM wanted
    WHERE kind = 'transitions' AND detail['each'] = 'proof' AND detail['to_state'] = 'closed'
),
marks AS (
    SELECT DISTINCT p.track_id, r.first_us AS at_us
    FROM proofs AS p
    JOIN raw.tracks AS t
        ON t.environment = p.environment AND t.service = p.service AND t.breaker = p.breaker
        AND t.kind IN ('breaker_state', 'transitions') AND t.track_id NOT IN (SELECT track_id FROM proofs)
    JOIN raw.runs AS r ON r.track_id = t.track_id
),
of_proofs AS (
    SELECT r.* FROM raw.runs AS r WHERE r.track_id IN (SELECT track_id FROM proofs)
),
chosen AS (
    SELECT r.track_id, r.first_us
    FROM marks AS m
    ASOF JOIN of_proofs AS r ON r.track_id = m.track_id AND m.at_us >= r.first_us
    UNION
    SELECT r.track_id, r.first_us
    FROM marks AS m
    ASOF JOIN of_proofs AS r ON r.track_id = m.track_id AND m.at_us < r.first_us
    UNION
    SELECT track_id, min(first_us) FROM of_proofs GROUP BY track_id
    UNION
    SELECT track_id, max(first_us) FROM of_proofs GROUP BY track_id
)
SELECT track_id, first_us, last_us, value, read_s, assumed
FROM raw.runs
WHERE track_id IN (SELECT track_id FROM wanted WHERE track_id NOT IN (SELECT track_id FROM proofs))
UNION ALL
SELECT r.track_id, r.first_us, r.last_us, r.value, r.read_s, r.assumed
FROM of_proofs AS r
JOIN chosen AS c ON c.track_id = r.track_id AND c.first_us = r.first_us
ORDER BY track_id, first_us
