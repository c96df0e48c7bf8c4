-- What kinds of evidence there are at all: there is no need to ask for what nobody gives.
SELECT
    coalesce((SELECT list(DISTINCT kind) FROM raw.tracks), []) AS sampled,
    EXISTS (FROM raw.told_subjects) AS told
