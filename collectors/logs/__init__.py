"""Logs: files that are followed, and what their lines say happened."""

from collectors.logs.collector import LogCollector

__all__ = ["LogCollector"]
