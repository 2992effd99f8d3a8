"""Decides what a file of predictions says: whose they are, which rows are one, and what is no patch."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from bugladder.records import BugladderError
from bugladder.sources.row_files import file_stamp, read_rows

_ID, _MODEL, _PATCH = "instance_id", "model_name_or_path", "model_patch"
# Halves of a pair that stand alone are no characters; those of U+DC80 to U+DCFF stand for bytes that are no UTF-8.
_HALVES = re.compile("[\ud800-\udc7f\udd00-\udfff]")
_SHOWN = 20


@dataclass(frozen=True)
class Prediction:
    """One model's patch for one instance; patch is None where it is null or blank. rows: how often the file has it."""

    instance_id: str
    model_name: str
    patch: str | None
    rows: int = 1


@dataclass(frozen=True)
class ModelPredictions:
    """One model's predictions by instance id."""

    model_name: str
    by_id: Mapping[str, Prediction]


@dataclass(frozen=True)
class PredictionsFile:
    """A file's predictions by model and instance id."""

    path: Path
    models: Mapping[str, Mapping[str, Prediction]]

    def of(self, model_name: str | None) -> ModelPredictions:
        """The predictions of a model; None is the only one there is.

        Raises:
            BugladderError: the file holds no predictions, none of that model, or those of several.
        """
        names = sorted(self.models)
        if not names:
            raise BugladderError(
                f"{self.path} holds no predictions; files.predictions in params.yaml should name a file with a row an "
                f"instance: {_ID}, {_MODEL}, {_PATCH}"
            )
        known = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
        if model_name is None and len(names) > 1:
            raise BugladderError(f"{self.path} holds predictions of several models; solver.model_name chooses: {known}")
        chosen = names[0] if model_name is None else model_name
        if chosen not in self.models:
            raise BugladderError(f"solver.model_name: {self.path} holds no predictions of {chosen!r}; of: {known}")
        return ModelPredictions(chosen, self.models[chosen])


def read_predictions(path: Path) -> PredictionsFile:
    """Read and check a whole file; an unchanged one is read once per process.

    Raises:
        BugladderError: it cannot be read, a row lacks a column or holds something else, or two rows of one model and
            instance differ; names the file and the id.
    """
    return _read(path, file_stamp(path))


@lru_cache(maxsize=4)
def _read(path: Path, stamp: tuple[int, int]) -> PredictionsFile:
    del stamp  # part of the key, so that an edited file is read anew
    models: dict[str, dict[str, Prediction]] = {}
    for number, row in enumerate(read_rows(path, key=_ID).rows, start=1):
        new = _prediction(row, f"{path}: row {number}")
        known = models.setdefault(new.model_name, {}).get(new.instance_id)
        if known is not None and known.patch != new.patch:
            raise BugladderError(
                f"{path}: row {number}: another patch of {new.model_name} for {new.instance_id} than in a row before; "
                "there should be one"
            )
        models[new.model_name][new.instance_id] = replace(new, rows=known.rows + 1) if known else new
    return PredictionsFile(path, models)


def _prediction(row: Any, where: str) -> Prediction:
    if not isinstance(row, dict):
        raise BugladderError(f"{where}: should map {_ID}, {_MODEL} and {_PATCH} to values, got {str(row)[:80]!r}")
    instance_id = _text(row, _ID, where)
    model_name = _text(row, _MODEL, f"{where}: {instance_id}")
    return Prediction(instance_id, model_name, _patch(row, f"{where}: {instance_id}"))


def _text(row: Mapping[str, Any], column: str, where: str) -> str:
    value = row.get(column)
    if not isinstance(value, str) or not value.strip():
        raise BugladderError(f"{where}: {column} should be a text that is not empty, got {str(value)[:80]!r}")
    return value


def _patch(row: Mapping[str, Any], where: str) -> str | None:
    if _PATCH not in row:
        raise BugladderError(f"{where}: {_PATCH} is missing; it should be the patch's text, empty or null for none")
    value = row[_PATCH]
    # what tables of numbers make of a null
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if not isinstance(value, str):
        raise BugladderError(f"{where}: {_PATCH} should be a text or null, got {str(value)[:80]!r}")
    return _HALVES.sub("\ufffd", value) if value.strip() else None
