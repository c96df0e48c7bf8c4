-- Which tracks there are, as a fingerprint, and whether anything was told at all.
SELECT
    (SELECT count(*) || '/' || coalesce(bit_xor(track_id), 0) FROM raw.tracks) AS tracks,
    EXISTS (FROM raw.told_subjects) AS told
