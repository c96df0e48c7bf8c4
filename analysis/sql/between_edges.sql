-- Buckets inside what is asked for: inside(ask, outcome, level, value, low, high), from calls with asked and edges.
-- calls have a count; what is known of loose ones is value, sure and possible.
--
-- An edge, the server behind it and a client may count the same calls: of those that saw a service one decides, its
-- sli_source, else the edge before the server before the client. Who asks for a breaker or a target asks all of them.
-- A bucket counts whole where it lies inside the time asked for; one that straddles an edge by its share of time, and as
-- anything between none and all in the bounds. Nothing joins every minute with every ask: buckets are added up once between
-- the edges of all that is asked, then each span is a difference of running sums.
--   E(x): what ended by x. At an edge x, touched(x) is what has begun and not ended, part(x) its share before x.
--   inside [a, b): value E(b) + part(b) - E(a) - part(a); low E(b) - E(a) - touched(a), no less than 0;
--   high E(b) + touched(b) - E(a).
asked_time as (select min(at_us) as from_us, max(at_us) as to_us from edges),
vantages as (
    select environment, service, vantage, min(bucket_start) as first_start, max(bucket_start) as last_start
    from calls
    group by environment, service, vantage
),
times as (
    -- The time asked for, as far as there are buckets in it.
    select
        greatest(asked_time.from_us // 60000000, epoch_us(seen.first_start) // 60000000) as from_minute,
        least((asked_time.to_us - 1) // 60000000, epoch_us(seen.last_start) // 60000000) as to_minute
    from asked_time
    cross join (select min(first_start) as first_start, max(last_start) as last_start from vantages) as seen
),
minutes as (
    -- Nearly all buckets are a minute long: these are looked up by their start alone.
    select unnest(range(from_minute, to_minute + 1)) * 60000000 as starts_us, starts_us + 60000000 as ends_us
    from times
),
pieces as materialized (
    -- All that needs more than its minute: other lengths, minutes that an edge cuts, and what is known of loose ones.
    select
        environment, service, operation, breaker, target, instance, vantage, outcome, level,
        bucket_start, bucket_s, count as value, count as sure, count as possible, bucket_s <> 60 as odd
    from calls
    where bucket_s <> 60
        or bucket_start in (
            select make_timestamptz(at_us // 60000000 * 60000000) from edges where at_us % 60000000 <> 0
        )
    union all by name
    select
        environment, service, operation, breaker, target, instance, vantage, outcome, level,
        bucket_start, bucket_s, value, sure, possible, true as odd
    from loose
),
stamps as (
    select make_timestamptz(starts_us) as bucket_start, 60.0 as bucket_s, starts_us, ends_us from minutes
    union
    select
        bucket_start,
        bucket_s,
        epoch_us(bucket_start) as starts_us,
        epoch_us(bucket_start) + (bucket_s * 1000000)::bigint as ends_us
    from pieces
    join asked_time
        on epoch_us(bucket_start) < asked_time.to_us
        and epoch_us(bucket_start) + (bucket_s * 1000000)::bigint > asked_time.from_us
),
placed as (
    -- How many edges lie before the end of each bucket.
    select stamps.bucket_start, stamps.bucket_s, coalesce(edges.place, 0) as place
    from stamps
    asof left join edges on stamps.ends_us > edges.at_us
),
straddling as (
    select
        stamps.bucket_start,
        stamps.bucket_s,
        edges.place,
        (edges.at_us - stamps.starts_us) / (stamps.ends_us - stamps.starts_us) as share
    from stamps
    join edges on edges.at_us > stamps.starts_us and edges.at_us < stamps.ends_us
    where edges.at_us % 60000000 <> 0 or stamps.bucket_s <> 60
),
points as (
    select
        environment, service, operation, breaker, target, instance, vantage, outcome, level,
        place, false as crossing, sum(count) as value, value as sure, value as possible, 0.0 as part
    from calls
    join (select bucket_start, place from placed where bucket_s = 60) as minute using (bucket_start)
    where bucket_s = 60
    group by all
    union all by name
    select
        environment, service, operation, breaker, target, instance, vantage, outcome, level,
        place, false as crossing, sum(value) as value, sum(sure) as sure, sum(possible) as possible, 0.0 as part
    from pieces
    join placed using (bucket_start, bucket_s)
    where odd
    group by all
    union all by name
    select
        environment, service, operation, breaker, target, instance, vantage, outcome, level,
        place, true as crossing, sum(value) as value, sum(sure) as sure, sum(possible) as possible,
        sum(value * share) as part
    from pieces
    join straddling using (bucket_start, bucket_s)
    group by all
),
keyed as (
    select
        *,
        dense_rank() over (
            order by environment, service, operation, breaker, target, instance, vantage, outcome, level
        ) as key_id
    from points
),
keys as (
    select distinct key_id, environment, service, operation, breaker, target, instance, vantage, outcome, level
    from keyed
),
sli_sources as (
    select unnest($sli_service::varchar[]) as service, unnest($sli_source::varchar[]) as vantage
),
decided as (
    -- By all that was ever seen: what is asked together must not change what each is answered.
    select
        seen.environment,
        seen.service,
        coalesce(
            any_value(sli_sources.vantage),
            arg_min(seen.vantage, list_position(['edge', 'server', 'client'], seen.vantage))
        ) as vantage
    from vantages as seen
    left join sli_sources using (service)
    group by seen.environment, seen.service
),
deciding as (
    select keys.*, keys.vantage = decided.vantage as decides
    from keys
    join decided
        on decided.service is not distinct from keys.service
        and decided.environment is not distinct from keys.environment
),
running as (
    select
        key_id,
        place,
        sum(value) over so_far as value,
        sum(sure) over so_far as sure,
        sum(possible) over so_far as possible
    from keyed
    where not crossing
    window so_far as (partition by key_id order by place)
),
crossing as (select key_id, place, sure, possible, part from keyed where crossing),
sums as (
    select
        asked.*,
        began.place as from_place,
        done.place as to_place
    from asked
    join edges as began on began.at_us = asked.from_us
    join edges as done on done.at_us = asked.to_us
),
matched as (
    select sums.ask, sums.from_place, sums.to_place, keys.key_id, keys.outcome, keys.level
    from sums
    join deciding as keys on keys.service = sums.service
    where (keys.decides or sums.breaker is not null or sums.target is not null)
        and (sums.environment is null or keys.environment = sums.environment)
        and (sums.operation is null or keys.operation = sums.operation)
        and (sums.operations is null or list_contains(sums.operations, keys.operation))
        and (sums.breaker is null or keys.breaker = sums.breaker)
        and (sums.target is null or keys.target = sums.target)
        and (sums.instance is null or keys.instance = sums.instance)
    union all
    select open.ask, open.from_place, open.to_place, keys.key_id, keys.outcome, keys.level
    from (from sums where service is null) as open
    join deciding as keys
        on (keys.decides or open.breaker is not null or open.target is not null)
        and (open.environment is null or keys.environment = open.environment)
        and (open.operation is null or keys.operation = open.operation)
        and (open.operations is null or list_contains(open.operations, keys.operation))
        and (open.breaker is null or keys.breaker = open.breaker)
        and (open.target is null or keys.target = open.target)
        and (open.instance is null or keys.instance = open.instance)
),
inside as (
    select
        matched.ask,
        matched.outcome,
        matched.level,
        coalesce(ended_to.value, 0) + coalesce(at_to.part, 0)
        - coalesce(ended_from.value, 0) - coalesce(at_from.part, 0) as value,
        greatest(0, coalesce(ended_to.sure, 0) - coalesce(ended_from.sure, 0) - coalesce(at_from.sure, 0)) as low,
        coalesce(ended_to.possible, 0) + coalesce(at_to.possible, 0) - coalesce(ended_from.possible, 0) as high
    from matched
    asof left join running as ended_from
        on matched.key_id = ended_from.key_id and matched.from_place > ended_from.place
    asof left join running as ended_to
        on matched.key_id = ended_to.key_id and matched.to_place > ended_to.place
    left join crossing as at_from on at_from.key_id = matched.key_id and at_from.place = matched.from_place
    left join crossing as at_to on at_to.key_id = matched.key_id and at_to.place = matched.to_place
)
