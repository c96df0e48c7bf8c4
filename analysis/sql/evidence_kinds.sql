-- Of what kinds the tracks are: there is no need to ask for what nobody gives.
SELECT DISTINCT kind FROM raw.tracks
