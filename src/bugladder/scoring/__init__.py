"""Outcomes to scores, as pure functions."""
