"""Measure bug-fixing agents on real bugs, one rung at a time."""
