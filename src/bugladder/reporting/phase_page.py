"""Decides what the report of a phase says first: resolved, decision, criteria, scores, figures, plan and controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bugladder.reporting.cost_sections import cost_sections, usd
from bugladder.reporting.detail_sections import detail_sections
from bugladder.reporting.limits import limits_section
from bugladder.reporting.page import Page, Picture, Row, Section, grid
from bugladder.reporting.provenance import dataset_line
from bugladder.reporting.text import interval, number, share

Tables = Mapping[str, Sequence[Row]]
_BLOCKS = (
    ("Overall", "overall"),
    ("HFS, hidden fix", "hfs"),
    ("BRS, bug reproduction", "brs"),
    ("TSS, test strength", "tss"),
    ("public rate", "public_rate"),
    ("Overfit Gap, signed", "overfit_gap"),
    ("Overfit Gap, negative as 0", "overfit_gap_positive"),
)
_ROLES = {"halt": "halts", "proceed": "proceed needs", "success": "success needs"}


def phase_page(metrics: Mapping[str, Any], decision: Mapping[str, Any], tables: Tables) -> Page:
    """The page of a phase.

    Args:
        metrics: as metrics.json.
        decision: as decision.json.
        tables: the analysis's tables by name.
    """
    note = metrics["model"]["note"]
    arm = f"{metrics['arm']} ({note})" if note else metrics["arm"]
    return Page(
        title=f"{metrics['phase']} on {metrics['dataset']} with {arm}: {decision['decision']}",
        headline=headline(metrics),
        lead=(
            decision["sentence"],
            *_enforcement(decision),
            _money(metrics),
            *dataset_line(metrics["dataset_identity"]),
        ),
        sections=(
            _decision_section(decision),
            _scores_section(metrics),
            _expected_section(tables),
            _controls_section(metrics, tables),
            *cost_sections(metrics, tables),
            *detail_sections(metrics, tables),
            limits_section(metrics, decision, tables),
        ),
    )


def headline(metrics: Mapping[str, Any]) -> str:
    """Resolved of graded and selected, and Overall with its interval, in one line."""
    resolved, overall = metrics["resolved"], metrics["overall"]
    counted = f"Resolved: {resolved['count']} of {metrics['n_graded']} graded, {metrics['n_selected']} selected."
    ends = f"{_percent(metrics)} interval {interval(overall['ci_low'], overall['ci_high'])}"
    if overall["ci_low"] is None:
        ends = f"no interval: {overall['reason']}"
    # metrics of an earlier version name no model
    note = metrics.get("model", {}).get("note", "")
    return (
        f"{counted} Mean Overall {number(overall['mean'])} ({ends}).{f' {note[0].upper()}{note[1:]}.' if note else ''}"
    )


def _percent(metrics: Mapping[str, Any]) -> str:
    return f"{metrics['interval_level']:.0%}"


def _enforcement(decision: Mapping[str, Any]) -> tuple[str, ...]:
    if decision["is_enforced"]:
        return ()
    return ("The gate was overridden (ladder.enforce=false): this phase may stand against the decision before it.",)


def _money(metrics: Mapping[str, Any]) -> str:
    cost, spent, calls, seconds = (metrics[key] for key in ("cost_usd", "spent_usd", "calls", "seconds"))
    per_instance = number(seconds["per_instance"], 1)
    return (
        f"{calls['count']} model calls on {calls['instances']} instances cost ${usd(cost['total'])}; this run newly "
        f"paid ${usd(spent['total'])}. Solving took {number(seconds['total'], 0)} s, {per_instance} s per graded "
        "instance."
    )


def _decision_section(decision: Mapping[str, Any]) -> Section:
    criteria = grid(
        decision["criteria"],
        (
            ("role", lambda r: _ROLES[r["role"]]),
            ("criterion", "says"),
            ("value", "value"),
            ("interval", lambda r: interval(r["ci_low"], r["ci_high"])),
            ("n", "n"),
            ("threshold", lambda r: f"{r['comparison']} {r['threshold']:g}"),
            ("holds", _holds),
            ("n is enough to tell", "n_suffices"),
        ),
    )
    words = (
        "Criteria that halt are looked at first, any one decides; then all of those to proceed must hold; what lies "
        "between is a review. Unknown never holds."
    )
    return Section(f"Decision: {decision['decision']}", (words,), tuple(decision["doubts"]), (criteria,))


def _holds(row: Row) -> str:
    return f"unknown: {row['reason']}" if row["passed"] is None else number(row["passed"])


def _scores_section(metrics: Mapping[str, Any]) -> Section:
    blocks = [{"name": name} | metrics[key] for name, key in _BLOCKS]
    scores = grid(
        blocks,
        (
            ("score", "name"),
            ("mean", "mean"),
            ("interval", lambda r: interval(r["ci_low"], r["ci_high"], r["reason"])),
            ("median", "median"),
            ("std", "std"),
            ("min", "min"),
            ("q1", "q1"),
            ("q3", "q3"),
            ("max", "max"),
            ("n", "n"),
        ),
    )
    limits = metrics["thresholds"]
    names = (
        ("resolved", "resolved"),
        (f"success, Overall at least {limits['success']:g}", "success"),
        (f"gap above {limits['high_gap']:g}", "high_gap"),
    )
    rates = grid(
        [{"name": name} | metrics[key] for name, key in names],
        (
            ("share of instances", "name"),
            ("count", "count"),
            ("n", "n"),
            ("rate", lambda r: share(r["rate"])),
            ("interval", lambda r: interval(r["ci_low"], r["ci_high"], r["reason"])),
            ("failures as worst", lambda r: share(r["worst"])),
            ("failures as best", lambda r: share(r["best"])),
        ),
    )
    picture = Picture("scores", "Histograms of Overall, HFS, BRS and Overfit Gap by origin, with mean and interval")
    how = f"Intervals are {_percent(metrics)}: a seeded bootstrap over instances for means, Wilson's for shares."
    return Section("Scores", (how,), (), (scores, rates), (picture,))


def _expected_section(tables: Tables) -> Section:
    rows = grid(
        tables["expected_vs_actual"],
        (
            ("measure", lambda r: r["measure"].replace("_", " ")),
            ("plan", "plan"),
            ("formula on the plan's parts", "plan_by_formula"),
            ("measured", "actual"),
            ("interval", lambda r: interval(r["ci_low"], r["ci_high"])),
            ("difference", "difference"),
            ("n", "n"),
        ),
    )
    words = "The plan's figures were never measured, and by the formula they do not follow from each other."
    return Section("Expected against measured", (words,), (), (rows,), (Picture("expected", words),))


def _controls_section(metrics: Mapping[str, Any], tables: Tables) -> Section:
    split, wrong = metrics["split"], metrics["controls"]["wrong_instances"]
    columns = [("control", "arm"), ("n", "n"), ("right", "right"), ("mean Overall", "overall"), ("mean HFS", "hfs")]
    rows = grid(tables["controls"], (*columns, ("resolved", lambda r: share(r["resolved"]))))
    public, hidden = split["public"], split["hidden"]
    valid = (
        f"{metrics['n_valid']} of {metrics['n_selected']} selected instances are valid. The controls must fix nothing "
        f"(no_op, inert) and everything (reference) on each of them; on {len(wrong)} they do not."
    )
    sides = (
        f"Public: {public['fail_to_pass']} failing and {public['pass_to_pass']} passing tests, {split['public_units']} "
        f"units. Hidden: {hidden['fail_to_pass']} failing and {hidden['pass_to_pass']} passing tests, "
        f"{split['hidden_units']} units. {split['n_public_failing']} tasks show a failing test; {split['n_blind']} are "
        f"blind, {split['n_fallbacks_to_blind']} of them as a fallback."
    )
    fallbacks = tuple(f"{name} fell back to blind: {why}" for name, why in split["fallbacks_to_blind"].items())
    picture = Picture("controls", "Overall, HFS and resolved of the solver between its controls")
    points = (*(f"wrong on {name}" for name in wrong), *fallbacks)
    return Section("Controls and split", (valid, sides), points, (rows,), (picture,))
