"""Records as table rows and back; the one place that knows both shapes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from bugladder.records import (
    Answer,
    Attempt,
    Candidate,
    Difficulty,
    Environment,
    Instance,
    Kind,
    Outcome,
    Side,
    Task,
    TestOutcome,
    canonical_json,
    decode_files,
    encode_files,
)

Row = dict[str, Any]


def instance_row(instance: Instance) -> Row:
    """A row of instances.parquet."""
    return {**_plain(instance), "environment": instance.environment.to_json()}


def instance_of(row: Mapping[str, Any]) -> Instance:
    """Inverse of `instance_row`."""
    values = _lists_as_tuples(row)
    values["environment"] = Environment.from_json(row["environment"])
    values["difficulty"] = Difficulty(row["difficulty"])
    values["apparent_difficulty"] = Difficulty(row["apparent_difficulty"])
    return Instance(**values)


def task_row(task: Task) -> Row:
    """A row of tasks.parquet."""
    return {
        **_plain(task),
        "environment": task.environment.to_json(),
        "public_test_files": canonical_json(encode_files(task.public_test_files)),
    }


def task_of(row: Mapping[str, Any]) -> Task:
    """Inverse of `task_row`."""
    values = _lists_as_tuples(row)
    values["environment"] = Environment.from_json(row["environment"])
    values["public_test_files"] = decode_files(json.loads(row["public_test_files"]))
    values["apparent_difficulty"] = Difficulty(row["apparent_difficulty"])
    return Task(**values)


def answer_row(answer: Answer) -> Row:
    """A row of answers.parquet."""
    return {**_plain(answer), "units": canonical_json(answer.units)}


def answer_of(row: Mapping[str, Any]) -> Answer:
    """Inverse of `answer_row`."""
    values = _lists_as_tuples(row)
    values["units"] = json.loads(row["units"])
    values["difficulty"] = Difficulty(row["difficulty"])
    return Answer(**values)


def candidate_row(candidate: Candidate) -> Row:
    """The part of a row of candidates.parquet that the solver decides."""
    return {**_plain(candidate), "test_files": canonical_json(encode_files(candidate.test_files))}


def candidate_of(row: Mapping[str, Any]) -> Candidate:
    """The candidate of a row of candidates.parquet."""
    return Candidate(
        instance_id=row["instance_id"],
        patch=row["patch"],
        test_files=decode_files(json.loads(row["test_files"])),
        iterations=row["iterations"],
        reason=row["reason"],
    )


def attempt_row(instance_id: str, attempt: Attempt, git: str | None) -> Row:
    """A row of attempts.parquet; git is what was found of it in the sandbox, None where none was opened."""
    texts = {"gates": canonical_json(attempt.gates), "detail": canonical_json(attempt.detail)}
    return {"instance_id": instance_id, **_plain(attempt), **texts, "git": git}


def outcome_row(instance_id: str, arm: str, outcome: TestOutcome) -> Row:
    """A row of outcomes.parquet or control_outcomes.parquet."""
    return {"instance_id": instance_id, "arm": arm, **_plain(outcome)}


def outcome_of(row: Mapping[str, Any]) -> TestOutcome:
    """Inverse of `outcome_row`, without instance and arm."""
    return TestOutcome(
        test_id=row["test_id"],
        outcome=Outcome(row["outcome"]),
        kind=Kind(row["kind"]),
        side=Side(row["side"]),
        unit=row["unit"],
        seconds=row["seconds"],
    )


def _plain(record: Any) -> Row:
    row = {f.name: getattr(record, f.name) for f in fields(record)}
    return {k: list(v) if isinstance(v, tuple) else v for k, v in row.items()}


def _lists_as_tuples(row: Mapping[str, Any]) -> Row:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
