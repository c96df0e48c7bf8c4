"""Verdicts: what is promised, held against what was measured, by one rule and one evaluator.

``judge.evaluate`` is the only place where an objective is judged; dashboard, alerts, reports and ``check`` call it.
"""
