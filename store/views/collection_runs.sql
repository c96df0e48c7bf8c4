-- view: Attempts to collect from a source, and how they ended; those that went well are kept for a week.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column source: Name of the source.
-- column started_at: When it began.
-- column finished_at: When it ended.
-- column window_start: Start of the window asked for; NULL is from the checkpoint.
-- column window_end: End of the window asked for.
-- column events: Runs and sightings that were new.
-- column rejected: Pieces of input that could not be understood, met for the first time; rejected_inputs keeps them.
-- column status: ok: all of the window is in, or the notes say that more is to come. partial: some is, as it failed midway or input was rejected. failed: none is.
-- column error: What kept it from being ok.
-- column failures: Runs that failed in a row without bringing anything, this one included; 0 after one that went well.
-- column next_attempt_at: When it is tried again, where that is not at its usual interval.
-- column needs_person: Whether somebody has to change something before trying again can help.
-- column notes: What is worth knowing though it is no problem.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    source,
    make_timestamptz(started_us) AS started_at,
    make_timestamptz(finished_us) AS finished_at,
    make_timestamptz(window_start_us) AS window_start,
    make_timestamptz(window_end_us) AS window_end,
    events,
    rejected,
    status,
    nullif(error, '') AS error,
    failures,
    make_timestamptz(next_attempt_us) AS next_attempt_at,
    needs_person,
    nullif(notes, '') AS notes,
    labels
FROM raw.collection_runs
