-- How much input was rejected, how many findings were made in a span, and of which kinds.
with found as (
    select kind
    from findings
    where environment = $environment and last_seen >= $start and last_seen < $end
)
select
    (select count(*) from rejected_inputs where seen_at >= $start and seen_at < $end) as rejected,
    (select count(*) from found) as findings,
    (select string_agg(distinct kind, ', ' order by kind) from found) as kinds
