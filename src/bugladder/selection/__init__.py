"""Which instances a phase holds, how hard they are, and how the selection compares with the whole."""

from bugladder.selection.difficulty import (
    ApparentThresholds,
    DifficultyThresholds,
    SemanticChange,
    apparent_difficulty,
    difficulty,
    semantic_change,
)
from bugladder.selection.order import order_key
from bugladder.selection.phases import STRATEGIES, PhaseSize, SelectionSettings, baseline_ids, select_phase
from bugladder.selection.shares import Share, selection_shares

__all__ = [
    "STRATEGIES",
    "ApparentThresholds",
    "DifficultyThresholds",
    "PhaseSize",
    "SelectionSettings",
    "SemanticChange",
    "Share",
    "apparent_difficulty",
    "baseline_ids",
    "difficulty",
    "order_key",
    "select_phase",
    "selection_shares",
    "semantic_change",
]
