"""What a page asks: each question a function ``(rows, selection...) -> frozen dataclass`` with its SQL beside it.

A question runs on the owner's store and on the published file alike. Instants are aware UTC datetimes, durations are
seconds, and "no data" is ``None``.
"""
