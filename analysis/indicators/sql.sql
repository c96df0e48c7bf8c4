-- What DuckDB reads in a query of the user's own; it reads only those that change nothing.
select json_serialize_sql($sql::varchar) as parsed
