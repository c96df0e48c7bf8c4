-- step: new
SELECT DISTINCT track_id
FROM incoming_track_ids
WHERE track_id NOT IN (SELECT track_id FROM raw.tracks)

-- step: insert
INSERT INTO raw.tracks BY NAME SELECT * FROM incoming_tracks
