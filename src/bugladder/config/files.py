"""How the last stages write: whole files in one step, so that a killed stage or a full disk leaves no half of one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from bugladder.records import BugladderError


def write(path: Path, content: str | bytes) -> None:
    """Write a whole file (text as UTF-8), creating its folder.

    Raises:
        BugladderError: it cannot be written; what stood there is unchanged.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise BugladderError(f"{path}: cannot be written ({error.strerror or error}); nothing was changed") from error


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON; a number that JSON lacks (NaN) is an error, not a guess."""
    write(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path, stage: str) -> Any:
    """Read what an earlier stage wrote.

    Raises:
        BugladderError: it is absent or no JSON; names the stage that writes it.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BugladderError(f"{path}: no such file; run the {stage} stage") from error
    except ValueError as error:
        raise BugladderError(f"{path}: not readable JSON; run the {stage} stage again") from error
