-- view: Windows in which a fault was put in on purpose.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column experiment_id: Name of the experiment.
-- column service: Service it is run on.
-- column scenario: What is put in.
-- column target: Where it is put in.
-- column started_at: Start.
-- column ended_at: End; NULL while it runs, or where its report does not say.
-- column phases: Phases with name, start, end and intensity, as JSON.
-- column expected: What was predicted, as JSON.
-- column source: Who recorded it.
-- column fault_effective: Whether the fault had a visible effect; NULL where it cannot be told.
-- column outcome: How it ended.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    experiment_id,
    nullif(service, '') AS service,
    nullif(scenario, '') AS scenario,
    nullif(target, '') AS target,
    started_at,
    ended_at,
    nullif(phases, '') AS phases,
    nullif(expected, '') AS expected,
    nullif(source, '') AS source,
    fault_effective,
    nullif(outcome, '') AS outcome,
    labels
FROM kept.experiments
