-- view: How a failure spread along declared dependencies.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column cascade_id: Number of the cascade.
-- column origin: First component that was hurt.
-- column follower: Component hurt after it.
-- column lag_s: Seconds between the two.
-- column depth: Links between origin and follower.
-- column contained_at: Component at which a breaker, fallback or lower level stopped it; NULL where nothing did.
-- column fan_out: Direct dependants of the origin.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    cascade_id,
    origin,
    follower,
    lag_s,
    depth,
    contained_at,
    fan_out,
    labels
FROM kept.cascades
