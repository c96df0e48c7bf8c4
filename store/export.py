"""Placeholder, replaced below."""


def sql_readonly() -> None:
    raise NotImplementedError
