-- view: Values measured outside and imported.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column service: Service they are about.
-- column experiment_id: Experiment they belong to, if any.
-- column name: What was measured.
-- column value: The value.
-- column unit: Its unit.
-- column measured_at: When.
-- column source: Where it came from.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    nullif(service, '') AS service,
    nullif(experiment_id, '') AS experiment_id,
    name,
    value,
    nullif(unit, '') AS unit,
    measured_at,
    nullif(source, '') AS source,
    labels
FROM kept.measurements
