-- Whom each source's lines tell of, so that nobody has to read all lines for it.
CREATE TABLE raw.told_subjects AS
SELECT DISTINCT source, environment, service, instance, labels FROM raw.sightings;
