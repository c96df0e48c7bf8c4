"""Indicators: numbers computed from events for a subject and a window; one .sql and one .py each."""
