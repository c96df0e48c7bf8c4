-- What analysis keeps ready: one table per contract view, with the view's columns.
-- row_id tells publication what is new in a sparse relation; nobody else reads or writes it.

CREATE SCHEMA kept;

CREATE TABLE kept.breaker_transitions (
    environment VARCHAR,
    service VARCHAR,
    operation VARCHAR,
    breaker VARCHAR,
    instance VARCHAR,
    from_state VARCHAR,
    to_state VARCHAR,
    occurred_at TIMESTAMPTZ,
    occurred_earliest TIMESTAMPTZ,
    occurred_latest TIMESTAMPTZ,
    sources VARCHAR[],
    inferred BOOLEAN,
    clock_skew BOOLEAN,
    assumed BOOLEAN,
    transition_id BIGINT,
    position INTEGER,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

CREATE TABLE kept.breaker_incidents (
    environment VARCHAR,
    incident_id BIGINT,
    episode_id BIGINT,
    service VARCHAR,
    operation VARCHAR,
    breaker VARCHAR,
    instance VARCHAR,
    opened_at TIMESTAMPTZ,
    opened_earliest TIMESTAMPTZ,
    opened_latest TIMESTAMPTZ,
    closed_at TIMESTAMPTZ,
    closed_earliest TIMESTAMPTZ,
    closed_latest TIMESTAMPTZ,
    duration_s DOUBLE,
    duration_low_s DOUBLE,
    duration_high_s DOUBLE,
    idle_open_s DOUBLE,
    reopenings BIGINT,
    status VARCHAR,
    experiment_id VARCHAR,
    opened_sources VARCHAR[],
    closed_sources VARCHAR[],
    opened_inferred BOOLEAN,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

CREATE TABLE kept.breaker_episodes (
    environment VARCHAR,
    episode_id BIGINT,
    service VARCHAR,
    breaker VARCHAR,
    opened_at TIMESTAMPTZ,
    opened_earliest TIMESTAMPTZ,
    opened_latest TIMESTAMPTZ,
    closed_at TIMESTAMPTZ,
    closed_earliest TIMESTAMPTZ,
    closed_latest TIMESTAMPTZ,
    duration_s DOUBLE,
    duration_low_s DOUBLE,
    duration_high_s DOUBLE,
    idle_open_s DOUBLE,
    openings BIGINT,
    instances_hit BIGINT,
    instances_seen BIGINT,
    calls_rejected BIGINT,
    healed_by VARCHAR,
    status VARCHAR,
    experiment_id VARCHAR,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

CREATE TABLE kept.breaker_states (
    environment VARCHAR,
    service VARCHAR,
    operation VARCHAR,
    breaker VARCHAR,
    instance VARCHAR,
    state VARCHAR,
    since TIMESTAMPTZ,
    since_earliest TIMESTAMPTZ,
    since_latest TIMESTAMPTZ,
    as_of TIMESTAMPTZ,
    sources VARCHAR[],
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

CREATE TABLE kept.outages (
    environment VARCHAR,
    outage_id BIGINT,
    service VARCHAR,
    kind VARCHAR,
    origin VARCHAR,
    severity VARCHAR,
    started_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    duration_s DOUBLE,
    duration_low_s DOUBLE,
    duration_high_s DOUBLE,
    failed_requests BIGINT,
    healed_by VARCHAR,
    cause VARCHAR,
    status VARCHAR,
    experiment_id VARCHAR,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

CREATE TABLE kept.retry_counts (
    environment VARCHAR,
    service VARCHAR,
    operation VARCHAR,
    target VARCHAR,
    instance VARCHAR,
    bucket_start TIMESTAMPTZ,
    bucket_s DOUBLE,
    unit VARCHAR,
    outcome VARCHAR,
    count BIGINT,
    labels MAP(VARCHAR, VARCHAR)
);

CREATE TABLE kept.retry_attempts (
    environment VARCHAR,
    service VARCHAR,
    operation VARCHAR,
    target VARCHAR,
    instance VARCHAR,
    call_id VARCHAR,
    attempt BIGINT,
    occurred_at TIMESTAMPTZ,
    wait_s DOUBLE,
    error VARCHAR,
    error_class VARCHAR,
    outcome VARCHAR,
    labels MAP(VARCHAR, VARCHAR)
);

CREATE TABLE kept.request_counts (
    environment VARCHAR,
    service VARCHAR,
    operation VARCHAR,
    target VARCHAR,
    instance VARCHAR,
    bucket_start TIMESTAMPTZ,
    bucket_s DOUBLE,
    outcome VARCHAR,
    count BIGINT,
    labels MAP(VARCHAR, VARCHAR)
);

CREATE TABLE kept.latency_histograms (
    environment VARCHAR,
    service VARCHAR,
    operation VARCHAR,
    target VARCHAR,
    instance VARCHAR,
    bucket_start TIMESTAMPTZ,
    bucket_s DOUBLE,
    upper_bound_s DOUBLE,
    count BIGINT,
    labels MAP(VARCHAR, VARCHAR)
);

CREATE TABLE kept.service_level_changes (
    environment VARCHAR,
    service VARCHAR,
    instance VARCHAR,
    from_level VARCHAR,
    to_level VARCHAR,
    occurred_at TIMESTAMPTZ,
    occurred_earliest TIMESTAMPTZ,
    occurred_latest TIMESTAMPTZ,
    sources VARCHAR[],
    inferred BOOLEAN,
    clock_skew BOOLEAN,
    assumed BOOLEAN,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

CREATE TABLE kept.service_level_spells (
    environment VARCHAR,
    service VARCHAR,
    level VARCHAR,
    started_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    duration_s DOUBLE,
    duration_low_s DOUBLE,
    duration_high_s DOUBLE,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

CREATE TABLE kept.failovers (
    environment VARCHAR,
    service VARCHAR,
    operation VARCHAR,
    from_target VARCHAR,
    to_target VARCHAR,
    failed_at TIMESTAMPTZ,
    served_at TIMESTAMPTZ,
    duration_s DOUBLE,
    duration_low_s DOUBLE,
    duration_high_s DOUBLE,
    trigger VARCHAR,
    sources VARCHAR[],
    experiment_id VARCHAR,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

CREATE TABLE kept.targets (
    environment VARCHAR,
    service VARCHAR,
    operation VARCHAR,
    target VARCHAR,
    role VARCHAR,
    last_served_at TIMESTAMPTZ,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

CREATE TABLE kept.queue_depths (
    environment VARCHAR,
    service VARCHAR,
    instance VARCHAR,
    queue VARCHAR,
    kind VARCHAR,
    priority VARCHAR,
    sampled_at TIMESTAMPTZ,
    depth DOUBLE,
    labels MAP(VARCHAR, VARCHAR)
);

CREATE TABLE kept.sessions (
    environment VARCHAR,
    service VARCHAR,
    instance VARCHAR,
    kind VARCHAR,
    sampled_at TIMESTAMPTZ,
    alive DOUBLE,
    labels MAP(VARCHAR, VARCHAR)
);

CREATE TABLE kept.health_changes (
    environment VARCHAR,
    service VARCHAR,
    component VARCHAR,
    instance VARCHAR,
    from_state VARCHAR,
    to_state VARCHAR,
    occurred_at TIMESTAMPTZ,
    occurred_earliest TIMESTAMPTZ,
    occurred_latest TIMESTAMPTZ,
    sources VARCHAR[],
    inferred BOOLEAN,
    clock_skew BOOLEAN,
    assumed BOOLEAN,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

CREATE TABLE kept.cascades (
    environment VARCHAR,
    cascade_id BIGINT,
    origin VARCHAR,
    follower VARCHAR,
    lag_s DOUBLE,
    depth BIGINT,
    contained_at VARCHAR,
    fan_out BIGINT,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

CREATE TABLE kept.changes (
    environment VARCHAR,
    service VARCHAR,
    instance VARCHAR,
    kind VARCHAR,
    occurred_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    revision VARCHAR,
    actor VARCHAR,
    detail VARCHAR,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

CREATE TABLE kept.findings (
    environment VARCHAR,
    finding_id BIGINT,
    kind VARCHAR,
    service VARCHAR,
    subject VARCHAR,
    first_seen TIMESTAMPTZ,
    last_seen TIMESTAMPTZ,
    evidence VARCHAR,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

CREATE TABLE kept.coverage (
    environment VARCHAR,
    source VARCHAR,
    service VARCHAR,
    instance VARCHAR,
    started_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    covered BOOLEAN,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

CREATE TABLE kept.experiments (
    environment VARCHAR,
    experiment_id VARCHAR,
    service VARCHAR,
    scenario VARCHAR,
    target VARCHAR,
    started_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    phases VARCHAR,
    expected VARCHAR,
    source VARCHAR,
    fault_effective BOOLEAN,
    outcome VARCHAR,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

CREATE TABLE kept.measurements (
    environment VARCHAR,
    service VARCHAR,
    experiment_id VARCHAR,
    name VARCHAR,
    value DOUBLE,
    unit VARCHAR,
    measured_at TIMESTAMPTZ,
    source VARCHAR,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

CREATE TABLE kept.benchmark_runs (
    environment VARCHAR,
    suite VARCHAR,
    benchmark VARCHAR,
    metric VARCHAR,
    unit VARCHAR,
    better VARCHAR,
    run_at TIMESTAMPTZ,
    revision VARCHAR,
    run_environment VARCHAR,
    value DOUBLE,
    repetition BIGINT,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

CREATE TABLE kept.verdicts (
    environment VARCHAR,
    verdict_id BIGINT,
    evaluated_at TIMESTAMPTZ,
    objective VARCHAR,
    service VARCHAR,
    window_start TIMESTAMPTZ,
    window_end TIMESTAMPTZ,
    indicator VARCHAR,
    stat VARCHAR,
    value DOUBLE,
    low DOUBLE,
    high DOUBLE,
    target DOUBLE,
    coverage DOUBLE,
    n BIGINT,
    verdict VARCHAR,
    leaning VARCHAR,
    reason VARCHAR,
    remedy VARCHAR,
    severity VARCHAR,
    policy VARCHAR,
    policy_version VARCHAR,
    origin VARCHAR,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

CREATE TABLE kept.regressions (
    environment VARCHAR,
    suite VARCHAR,
    benchmark VARCHAR,
    metric VARCHAR,
    run_environment VARCHAR,
    changed_at TIMESTAMPTZ,
    revision VARCHAR,
    before DOUBLE,
    after DOUBLE,
    effect DOUBLE,
    p_adjusted DOUBLE,
    status VARCHAR,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

CREATE TABLE kept.alerts (
    environment VARCHAR,
    alert_id BIGINT,
    rule VARCHAR,
    service VARCHAR,
    severity VARCHAR,
    incident_id BIGINT,
    state VARCHAR,
    opened_at TIMESTAMPTZ,
    notified_at TIMESTAMPTZ,
    acknowledged_at TIMESTAMPTZ,
    acknowledged_by VARCHAR,
    resolved_at TIMESTAMPTZ,
    value DOUBLE,
    target DOUBLE,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

CREATE TABLE kept.reports (
    environment VARCHAR,
    report_id BIGINT,
    period VARCHAR,
    window_start TIMESTAMPTZ,
    window_end TIMESTAMPTZ,
    created_at TIMESTAMPTZ,
    sent_at TIMESTAMPTZ,
    recipients VARCHAR[],
    status VARCHAR,
    supersedes BIGINT,
    content_hash VARCHAR,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

CREATE TABLE kept.audit_log (
    environment VARCHAR,
    occurred_at TIMESTAMPTZ,
    actor VARCHAR,
    action VARCHAR,
    subject VARCHAR,
    reason VARCHAR,
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);

CREATE TABLE kept.services (
    environment VARCHAR,
    service VARCHAR,
    owner_team VARCHAR,
    owner_email VARCHAR,
    owner_chat VARCHAR,
    runbook VARCHAR,
    critical BOOLEAN,
    depends_on VARCHAR[],
    labels MAP(VARCHAR, VARCHAR),
    row_id BIGINT NOT NULL DEFAULT nextval('meta.row_ids')
);
