"""The .sql files beside the Python that owns them."""

from importlib.resources import files


def read_sql(package: str, name: str) -> str:
    """Return the text of ``name`` in ``package``; both are ours, so a missing one is a programming error."""
    return files(package).joinpath(name).read_text(encoding="utf-8")
