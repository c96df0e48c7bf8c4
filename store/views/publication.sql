-- view: As of when everything here is, and the number of this publication.
-- column generation: Counts publications; a new one has a higher number.
-- column published_at: When this publication was made.
-- column as_of: Figures are as of this instant.
-- column recorded: True where the data are a recording, shown as of its end.
SELECT
    generation,
    make_timestamptz(published_us) AS published_at,
    make_timestamptz(as_of_us) AS as_of,
    recorded
FROM meta.publication
