-- The waits between attempts of one call, and how many of them are as declared: kept, broken, or nobody can tell.
-- include: waits.sql
select ask, count(*) as waits, count_if(word = 'kept') as kept, count_if(word not in ('kept', 'unknown')) as broken
from judged
group by ask
