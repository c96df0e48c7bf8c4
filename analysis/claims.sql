-- What reports say of experiments in numbers.
SELECT experiment_id, environment, service, name, value, unit, measured_at, source
FROM measurements
WHERE experiment_id = $experiment
    AND ($environment::VARCHAR IS NULL OR coalesce(environment, $environment) = $environment)
ORDER BY name, measured_at, source
