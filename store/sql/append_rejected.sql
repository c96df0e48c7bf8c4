INSERT INTO raw.rejected (source, seen_us, position, reason, content)
SELECT incoming.source, $now_us, incoming.position, any_value(incoming.reason), any_value(incoming.content)
FROM incoming_rejected AS incoming
ANTI JOIN raw.rejected AS stored
    ON stored.source = incoming.source AND stored.position = incoming.position
GROUP BY incoming.source, incoming.position
