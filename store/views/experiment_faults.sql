-- view: Faults of experiments, each with when it was put in and taken out.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column experiment_id: Experiment the fault belongs to.
-- column service: Service the experiment is run on.
-- column target: Where the fault is put in.
-- column phase: Name of the phase; NULL where the experiment has none and is one fault as a whole.
-- column intensity: How hard, in the words of the experiment.
-- column injected_at: When it was put in; exact.
-- column removed_at: When it was taken out; NULL while it is in, or where the report does not say.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    experiment_id,
    nullif(service, '') AS service,
    nullif(target, '') AS target,
    nullif(phase, '') AS phase,
    nullif(intensity, '') AS intensity,
    injected_at,
    removed_at,
    labels
FROM kept.experiment_faults
