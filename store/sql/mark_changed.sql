INSERT INTO meta.changed_spans (relation, start_us, end_us) VALUES ($relation, $start_us, $end_us)
