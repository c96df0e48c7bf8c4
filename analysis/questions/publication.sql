-- What the published file holds and as of when.
select generation, published_at, as_of, recorded
from publication
