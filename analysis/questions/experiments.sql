-- Every experiment, the newest first.
SELECT
    experiment_id, environment, service, scenario, target, started_at, ended_at, phases, expected, source,
    fault_effective, outcome
FROM experiments
ORDER BY started_at DESC, experiment_id
