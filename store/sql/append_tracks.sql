INSERT INTO raw.tracks BY NAME
SELECT DISTINCT ON (track_id) *
FROM incoming_tracks
WHERE track_id NOT IN (SELECT track_id FROM raw.tracks)
