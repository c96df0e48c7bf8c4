-- From where calls are seen: an edge and the server behind it count the same ones.
ALTER TABLE kept.request_counts ADD COLUMN vantage VARCHAR DEFAULT 'server';
