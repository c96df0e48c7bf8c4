-- How much input was rejected, and how many findings were made, in a span.
select
    (select count(*) from rejected_inputs where seen_at >= $start and seen_at < $end) as rejected,
    (
        select count(*) from findings
        where environment = $environment and last_seen >= $start and last_seen < $end
    ) as findings
