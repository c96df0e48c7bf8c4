-- Of the experiments that tell of one fault (same target, at the same time) the one that what happened belongs to: the
-- last one put in. An experiment whose fault nobody else tells of is its own.
select other.experiment_id
from experiment_faults as own
join experiment_faults as other
    on other.target is not distinct from own.target
    and (own.service is null or other.service is null or own.service = other.service)
    and (own.environment is null or other.environment is null or own.environment = other.environment)
    and other.injected_at < coalesce(own.removed_at, 'infinity')
    and own.injected_at < coalesce(other.removed_at, 'infinity')
where own.experiment_id = $experiment
order by other.injected_at desc, other.experiment_id desc
limit 1
