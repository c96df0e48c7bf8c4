-- Calls inside what is asked for, to be included by indicators: counted(ask, outcome, level, value, low, high) and, read as
-- the policy says, tallied(ask, good, lost, bad, and their bounds).
--
-- Level '' is all calls; the rows of other levels say how many of those fell into spells on them. Outcome 'instead' is a
-- fallback that answered a call which stands there with another outcome already.
-- include: asked_calls.sql
,
readings as (
    select
        unnest($reading_policy::bigint[]) as policy,
        unnest($reading_outcome::varchar[]) as outcome,
        unnest($reading::varchar[]) as reading
),
weights as (
    select
        unnest($weight_policy::bigint[]) as policy,
        unnest($weight_level::varchar[]) as level,
        unnest($weight::double[]) as weight
),
-- include: level_spells.sql
,
spells as (
    -- A level whose weight is 1 in every policy changes nothing.
    from level_spells
    where level in (select level from weights where weight < 1)
        and started_earliest_us < (select max(at_us) from edges)
        and ended_latest_us > (select min(at_us) from edges)
),
spell_labels as (select distinct environment, service, labels from spells),
counted_labels as (
    -- Which calls a level is about: those with its labels; those of the whole service where none has its labels.
    select spell.environment, spell.service, spell.labels, bool_or(counts.service is not null) as own
    from spell_labels as spell
    left join (
        select distinct environment, service, labels
        from request_counts
        where service in (select service from spell_labels)
    ) as counts
        on counts.service = spell.service
        and counts.environment is not distinct from spell.environment
        and counts.labels = spell.labels
    group by all
),
scoped as (
    select service from asked where service is not null
    union
    select distinct service from request_counts where $all_services::boolean
),
calls as not materialized (
    select
        counts.environment,
        counts.service,
        if($by_operation::boolean, counts.operation, null) as operation,
        if($by_breaker::boolean, counts.breaker, null) as breaker,
        if($by_target::boolean, counts.target, null) as target,
        if($by_instance::boolean, counts.instance, null) as instance,
        counts.vantage,
        counts.outcome,
        '' as level,
        counts.bucket_start,
        counts.bucket_s,
        counts.count
    from request_counts as counts
    semi join scoped on scoped.service is not distinct from counts.service
),
loose as (
    select
        environment,
        service,
        if($by_operation::boolean, operation, null) as operation,
        if($by_breaker::boolean, breaker, null) as breaker,
        if($by_target::boolean, target, null) as target,
        if($by_instance::boolean, instance, null) as instance,
        vantage,
        'instead' as outcome,
        '' as level,
        bucket_start,
        bucket_s,
        count::double as value,
        count::double as sure,
        count::double as possible
    from request_counts_besides
    where outcome = 'fallback'
    union all by name
    select
        counts.environment,
        counts.service,
        if($by_operation::boolean, counts.operation, null) as operation,
        if($by_breaker::boolean, counts.breaker, null) as breaker,
        if($by_target::boolean, counts.target, null) as target,
        if($by_instance::boolean, counts.instance, null) as instance,
        counts.vantage,
        counts.outcome,
        spell.level,
        counts.bucket_start,
        counts.bucket_s,
        counts.count * greatest(
            0, least(counts.ends_us, spell.ended_us) - greatest(counts.starts_us, spell.started_us)
        ) / (counts.ends_us - counts.starts_us) as value,
        if(
            counts.starts_us >= spell.started_latest_us and counts.ends_us <= spell.ended_earliest_us, counts.count, 0
        ) as sure,
        counts.count as possible
    from spells as spell
    join counted_labels using (environment, service, labels)
    join (
        select
            *,
            epoch_us(bucket_start) as starts_us,
            epoch_us(bucket_start) + (bucket_s * 1000000)::bigint as ends_us
        from request_counts
    ) as counts
        on counts.service = spell.service
        and counts.environment is not distinct from spell.environment
        and counts.starts_us < spell.ended_latest_us
        and counts.ends_us > spell.started_earliest_us
        and (counts.labels = spell.labels or not counted_labels.own)
),
-- include: between_edges.sql
,
asking as (select distinct ask, outcome, outcome_class, policy from asked),
counted as (
    select
        ask,
        inside.outcome,
        level,
        sum(value)::double as value,
        least(sum(low), sum(value))::double as low,
        greatest(sum(high), sum(value))::double as high
    from inside
    join asking using (ask)
    where (asking.outcome is null or inside.outcome = asking.outcome)
        and (asking.outcome_class is distinct from 'valid' or inside.outcome <> 'client_error')
    group by ask, inside.outcome, level
    having sum(high) > 0
),
read as (
    select
        counted.ask,
        counted.level,
        counted.value,
        counted.low,
        counted.high,
        counted.outcome,
        reading.reading,
        1 - coalesce(weights.weight, 1) as loss
    from counted
    join asking using (ask)
    left join readings as reading on reading.policy = asking.policy and reading.outcome = counted.outcome
    left join weights on weights.policy = asking.policy and weights.level = counted.level
),
summed as (
    select
        ask,
        sum(value) filter (where level = '' and reading = 'good') as good,
        sum(low) filter (where level = '' and reading = 'good') as good_low,
        sum(high) filter (where level = '' and reading = 'good') as good_high,
        sum(value) filter (where level = '' and reading = 'bad') as bad,
        sum(low) filter (where level = '' and reading = 'bad') as bad_low,
        sum(high) filter (where level = '' and reading = 'bad') as bad_high,
        sum(value * loss) filter (where level <> '' and reading = 'good') as lost,
        sum(low * loss) filter (where level <> '' and reading = 'good') as lost_low,
        sum(high * loss) filter (where level <> '' and reading = 'good') as lost_high,
        -- Where calls answered by a fallback are counted as such, those told besides are the same.
        coalesce(sum(value) filter (where level = '' and reading = 'instead'), 0)
        - coalesce(sum(value) filter (where level = '' and outcome = 'fallback'), 0) as extra,
        coalesce(sum(low) filter (where level = '' and reading = 'instead'), 0)
        - coalesce(sum(high) filter (where level = '' and outcome = 'fallback'), 0) as extra_low,
        coalesce(sum(high) filter (where level = '' and reading = 'instead'), 0)
        - coalesce(sum(low) filter (where level = '' and outcome = 'fallback'), 0) as extra_high
    from read
    group by ask
),
instead as (
    select
        *,
        least(greatest(extra, 0), coalesce(bad, 0)) as instead,
        least(greatest(extra_low, 0), coalesce(bad_low, 0)) as instead_low,
        least(greatest(extra_high, 0), coalesce(bad_high, 0)) as instead_high
    from summed
),
tallied as (
    select
        ask,
        coalesce(good, 0) + instead as good,
        coalesce(good_low, 0) + instead_low as good_low,
        coalesce(good_high, 0) + instead_high as good_high,
        coalesce(bad, 0) - instead as bad,
        greatest(0, coalesce(bad_low, 0) - instead_high) as bad_low,
        coalesce(bad_high, 0) - instead_low as bad_high,
        coalesce(lost, 0) as lost,
        coalesce(lost_low, 0) as lost_low,
        coalesce(lost_high, 0) as lost_high
    from instead
)
