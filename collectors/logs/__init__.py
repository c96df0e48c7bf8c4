"""Logs: files that are followed, and what their lines say happened."""
