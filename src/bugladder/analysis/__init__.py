"""Pure reading of a phase's tables: metrics with intervals, a decision, breakdowns, comparisons of arms."""

from bugladder.analysis.comparison import compare
from bugladder.analysis.phase_analysis import Analysis, analyze
from bugladder.analysis.settings import (
    AnalysisRules,
    AnalysisSettings,
    Identity,
    PhasePlan,
    PhaseTables,
    PriceTable,
    ScoreWeights,
)

__all__ = [
    "Analysis",
    "AnalysisRules",
    "AnalysisSettings",
    "Identity",
    "PhasePlan",
    "PhaseTables",
    "PriceTable",
    "ScoreWeights",
    "analyze",
    "compare",
]
