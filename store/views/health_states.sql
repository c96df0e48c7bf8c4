-- view: The state of every component's health signal after its last change, also of those that never changed; coverage says until when it was seen.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column service: Service that is, or depends on, the component.
-- column component: Component whose health is signalled.
-- column instance: Instance that signals.
-- column state: up, down, maintenance, draining, up_no_lb or unknown.
-- column first_state: State in which it was first seen; NULL where only its changes are known.
-- column first_seen: First instant at which a source showed a state of it.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    nullif(service, '') AS service,
    nullif(component, '') AS component,
    nullif(instance, '') AS instance,
    state,
    nullif(first_state, '') AS first_state,
    first_seen,
    labels
FROM kept.health_states
