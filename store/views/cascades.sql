-- view: How a failure spread along declared dependencies, and where it stopped: one row for each follower, and one for each component that contained it.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column cascade_id: Number of the cascade: all rows of one origin's outage have the same.
-- column origin: First component that was hurt.
-- column follower: Component whose own callers were hurt after it; NULL where a component contained it.
-- column lag_s: Seconds from the start of the origin's outage to that of the follower's; midpoint of its bounds.
-- column lag_low_s: The least it can have been.
-- column lag_high_s: The most it can have been.
-- column depth: Links between origin and follower along declared dependencies; NULL where none are declared.
-- column contained_at: Component at which a breaker, fallback or lower level stopped it; NULL where nothing did.
-- column contained_by: What stopped it there: breaker, fallback, level or unhurt (nobody knows how).
-- column fan_out: Direct dependants of the origin.
-- column basis: dependencies where they are declared; correlation where only the order in time speaks for it.
-- column started_at: Start of the origin's outage.
-- column started_earliest: It started no earlier than this.
-- column started_latest: It started no later than this.
-- column follower_started_at: Start of the follower's outage.
-- column sure: True where the bounds prove the order and the lag; false where they only allow them.
-- column experiment_id: Experiment in whose window the origin was hurt, if any.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    cascade_id,
    origin,
    follower,
    lag_s,
    lag_low_s,
    lag_high_s,
    depth,
    contained_at,
    contained_by,
    fan_out,
    basis,
    started_at,
    started_earliest,
    started_latest,
    follower_started_at,
    sure,
    nullif(experiment_id, '') AS experiment_id,
    labels
FROM kept.cascades
