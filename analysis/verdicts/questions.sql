-- What is recorded of experiments, as far as it frames what is judged.

-- step: experiment
select
    experiment_id,
    environment,
    service,
    target,
    epoch_us(started_at) as started_us,
    epoch_us(ended_at) as ended_us,
    fault_effective as effective
from experiments
where experiment_id = $experiment_id
order by started_at desc
limit 1

-- step: known
select experiment_id
from experiments
order by started_at desc
limit 5

-- step: removed
select epoch_us(fault.removed_at) as removed_us, epoch_us(tried.ended_at) as ended_us
from experiment_faults as fault
join experiments as tried using (experiment_id)
where
    fault.removed_at is not null
    and fault.environment is not distinct from tried.environment
    and ($experiment_id is null or fault.experiment_id = $experiment_id)
order by removed_us, ended_us
