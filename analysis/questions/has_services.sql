-- Whether the file says who owns what: one written before services were published does not.
select count(*) > 0 as known
from information_schema.tables
where table_name = 'services'
