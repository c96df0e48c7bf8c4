"""The only door to DuckDB: the owner's database, the published file, and what readers may ask of it."""

from store.export import sql_readonly
from store.owner import Store
from store.reader import Reader
from store.values import Appended, CollectionRun, Expired, Publication, Rows

__all__ = ["Appended", "CollectionRun", "Expired", "Publication", "Reader", "Rows", "Store", "sql_readonly"]
