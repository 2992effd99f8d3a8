"""Decides what the report says in detail: distributions, groups, failure modes, every instance, what left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from bugladder.reporting.page import Column, Grid, Picture, Row, Section, grid
from bugladder.reporting.text import interval, number, share

Tables = Mapping[str, Sequence[Row]]
_SCORE_COLUMNS: tuple[Column, ...] = (
    ("Overall", "overall"),
    ("HFS", "hfs"),
    ("BRS", "brs"),
    ("public rate", "public_rate"),
    ("gap", "overfit_gap"),
)


def detail_sections(metrics: Mapping[str, Any], tables: Tables) -> tuple[Section, ...]:
    """Sections after the first screens; a section without rows says so."""
    return (
        Section("Distribution of the scores", grids=(_distribution(tables["score_distribution"]),)),
        _groups_section(tables),
        _failures_section(metrics, tables),
        _instances_section(metrics, tables),
        _left_section(metrics, tables),
        _selection_section(tables),
    )


def _distribution(rows: Sequence[Row]) -> Grid:
    bins = list(dict.fromkeys(r["bin"] for r in rows))
    scores = list(dict.fromkeys(r["score"] for r in rows))
    by_key = {(r["score"], r["bin"]): r for r in rows}
    lines = [(score.replace("_", " "), *(number(by_key[score, b]["count"]) for b in bins)) for score in scores]
    if any(r["plan_count"] is not None for r in rows):
        lines.append(("overall, the plan", *(number(by_key["overall", b]["plan_count"]) for b in bins)))
    return Grid(("instances per bin", *bins), tuple(lines))


def _groups_section(tables: Tables) -> Section:
    groups = (
        ("per_origin", "origin"),
        ("per_difficulty", "difficulty"),
        ("per_repository", "repo"),
        ("per_operator", "operator"),
    )
    grids = tuple(_group_grid(tables[name], column) for name, column in groups if tables[name])
    return Section(
        "By origin, difficulty, repository and operator",
        ("Plausible: passes all public evidence. Operators are those that planted the injected bugs.",),
        grids=grids,
        pictures=(Picture("repositories", "Instances by verdict per repository"),),
    )


def _group_grid(rows: Sequence[Row], column: str) -> Grid:
    return grid(
        rows,
        (
            (column, column),
            ("selected", "n_selected"),
            ("graded", "n_graded"),
            ("resolved", "resolved"),
            ("rate", lambda r: share(r["resolved_rate"])),
            ("interval", lambda r: interval(r["ci_low"], r["ci_high"])),
            ("mean Overall", "overall_mean"),
            ("mean HFS", "hfs_mean"),
            ("plausible", "plausible"),
            ("rejected by hidden tests", "rejected_by_hidden"),
            ("mean gap", lambda r: f"{number(r['gap_mean'])} (n {r['gap_n']})"),
        ),
    )


def _failures_section(metrics: Mapping[str, Any], tables: Tables) -> Section:
    found, modes = metrics["plausible"], metrics["failure_modes"]
    words = (
        f"{found['count']} candidates pass all public evidence: the hidden tests confirm {found['resolved']}, reject "
        f"{found['rejected']}. {modes['named']} of {modes['unresolved']} unresolved instances have a named mode."
    )
    mode_columns = (("mode", "mode"), ("means", "means"), ("count", "count"), ("share", lambda r: share(r["share"])))
    by_mode = grid(tables["failure_modes"], (*mode_columns, ("instances", "instances")), "Failure modes")
    cases = grid(
        tables["overfit_cases"],
        (
            ("instance", "instance_id"),
            ("origin", "origin"),
            ("operator", "operator"),
            ("public rate", "public_rate"),
            ("HFS", "hfs"),
            ("gap", "overfit_gap"),
            ("verdict", "verdict"),
        ),
        "Overfit cases",
    )
    return Section("Where it fails", (words,), tuple(metrics["alerts"]), tuple(g for g in (by_mode, cases) if g.rows))


def _instances_section(metrics: Mapping[str, Any], tables: Tables) -> Section:
    run = metrics["store"]["run"]
    words = (f"Of the solver's results, {run['new']} are new and {run['reused']} were reused from the store.",)
    columns: tuple[Column, ...] = (
        ("instance", "instance_id"),
        ("origin", _origin),
        ("difficulty", "difficulty"),
        ("verdict", "verdict"),
        *_SCORE_COLUMNS,
        ("why not resolved", _why),
        ("result", lambda r: "reused" if r["reused"] else "new"),
    )
    return Section("Instances", words, grids=(grid(tables["instances"], columns),))


def _origin(row: Row) -> str:
    return f"{row['origin']}: {row['operator']}" if row["operator"] else str(row["origin"])


def _why(row: Row) -> str:
    if row["verdict"] == "resolved":
        return ""
    return str(row["mode"] or row["reason"] or "")


def _left_section(metrics: Mapping[str, Any], tables: Tables) -> Section:
    invalid, left = tables["invalid_instances"], tables["left_tests"]
    flaky = [r for r in left if r["is_flaky"]]
    reasons = Counter(r["reason"] for r in left if not r["is_flaky"])
    words = (
        f"{len(invalid)} of {metrics['n_selected']} instances are invalid, {metrics['infra_errors']} were lost to the "
        f"infrastructure. {len(left)} tests left the grading of their instance, {len(flaky)} of them as flaky; all of "
        "them stand by name in tables/left_tests.csv."
    )
    grids = (
        grid(invalid, (("invalid instance", "instance_id"), ("origin", "origin"), ("reason", "reason"))),
        grid(flaky, (("flaky test", "test_id"), ("instance", "instance_id"), ("reason", "reason"))),
        Grid(("other reason to leave", "tests"), tuple((reason, number(n)) for reason, n in sorted(reasons.items()))),
    )
    return Section("What is not graded", (words,), grids=tuple(g for g in grids if g.rows))


def _selection_section(tables: Tables) -> Section:
    columns: tuple[Column, ...] = (
        ("by", "by"),
        ("value", "value"),
        ("selected", "selected"),
        ("share", lambda r: share(r["selected_share"])),
        ("dataset", "whole"),
        ("share of the dataset", lambda r: share(r["whole_share"])),
    )
    shown = [r for r in tables["selection_shares"] if r["selected"] or r["by"] != "repository"]
    words = ("Repositories without a selected instance stand in tables/selection_shares.csv only.",)
    return Section("The selection beside the whole dataset", words, grids=(grid(shown, columns),) if shown else ())
