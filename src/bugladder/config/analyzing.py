"""Builds what a reading of a phase obeys from analyze's slice of the configuration."""

from __future__ import annotations

from bugladder import config
from bugladder.analysis.settings import AnalysisRules, AnalysisSettings, Identity, PhasePlan
from bugladder.config import Node
from bugladder.records.prices import PriceTable
from bugladder.records.weights import ScoringSettings


def analysis_of(slice_: Node) -> AnalysisSettings:
    """The settings of a reading.

    Raises:
        BugladderError: an unknown key, a wrong type, or what the arm takes from outside cannot be read.
    """
    identity = Identity(
        dataset=slice_["dataset"]["name"],
        arm=slice_["solver"]["name"],
        arm_digest=config.arm_digest(slice_),
        is_enforced=slice_["ladder"]["enforce"],
        model=slice_["model"]["name"],
        author=slice_["solver"].get("model_name") or "",
    )
    return AnalysisSettings(
        phase=config.build(slice_["phase"], PhasePlan, "phase"),
        identity=identity,
        rules=config.build(slice_["analysis"], AnalysisRules, "analysis"),
        prices=config.build(slice_["prices"], PriceTable, "prices"),
        weights=config.build(slice_["scoring"], ScoringSettings, "scoring"),
    )
