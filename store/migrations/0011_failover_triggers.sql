-- Moves of health and breakers that the last analysis knew of when it looked for failovers.

CREATE TABLE raw.failover_triggers (
    environment VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    target VARCHAR NOT NULL,
    trigger VARCHAR NOT NULL,
    earliest_us BIGINT NOT NULL,
    latest_us BIGINT NOT NULL
);
