-- Every view of the published file with its columns, their types and what they mean.
select
    views.view_name as view,
    coalesce(views.comment, '') as meaning,
    columns.column_name as column,
    columns.data_type as type,
    coalesce(columns.comment, '') as column_meaning
from duckdb_views() as views
join duckdb_columns() as columns
    on columns.database_oid = views.database_oid
    and columns.schema_oid = views.schema_oid
    and columns.table_oid = views.view_oid
where not views.internal and views.schema_name = 'main'
order by views.view_name, columns.column_index
