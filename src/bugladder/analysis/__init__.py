"""Pure reading of a phase's tables: metrics with intervals, a decision, breakdowns, comparisons of arms.

Import from the modules: whoever only checks settings should not depend on how a metric is computed.
"""
