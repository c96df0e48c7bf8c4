-- What was seen from an edge and what from a client are no two witnesses of one thing: each is judged by itself.
ALTER TABLE kept.count_witnesses ADD COLUMN vantage VARCHAR DEFAULT '';
