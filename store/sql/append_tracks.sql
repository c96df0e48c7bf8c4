INSERT INTO raw.tracks BY NAME SELECT * FROM incoming_tracks
