"""Logs: files that are followed, and what their lines say happened. The way in is ``collectors.logs.collector``."""
