"""What a sandbox needs to open a task: source, set-up, overlay, requirements and how its tests are run."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, ClassVar

from bugladder.records.encoding import (
    Files,
    canonical_json,
    decode_files,
    encode_files,
    sha256_text,
    to_plain,
    to_tuples,
)
from bugladder.records.setup_steps import SetupStep, step_of_plain, step_to_plain
from bugladder.records.sources import Source, source_of_plain, source_to_plain

# Later than the first stored results: they stand in the JSON only where they say something, so that keys stay.
_LATER = ("parser",)


@dataclass(frozen=True)
class RunnerSpec:
    """How an instance's tests are run: a runner's name and what it needs to know.

    Args:
        name: the runner plug ("pytest").
        paths: test files or folders, relative to the repository root, run together.
        pythonpath: folders put on PYTHONPATH, relative to the repository root ("." for the root).
        env: further environment variables of the test command, as (name, value) pairs.
        options: further options of the test command.
        parser: the official log parser whose spelling the listed test ids have; "" where they are the runner's own.
    """

    name: str
    paths: tuple[str, ...]
    pythonpath: tuple[str, ...] = (".",)
    env: tuple[tuple[str, str], ...] = ()
    options: tuple[str, ...] = ()
    parser: str = ""


@dataclass(frozen=True)
class Guest:
    """What a foreign program finds in a sandbox beside the task.

    Args:
        requirements: its own full pins; they stand in a virtual environment at `FOLDER`, apart from the task's.
        socket: absolute path, outside, of the Unix socket that is shown at `SOCKET` inside; "" for none.
    """

    FOLDER: ClassVar[str] = "/agent"
    SOCKET: ClassVar[str] = "/run/bugladder/model.sock"

    requirements: tuple[str, ...] = ()
    socket: str = ""


@dataclass(frozen=True)
class Environment:
    """What a sandbox needs to open a task, self-sufficient: source, requirements, set-up, overlay and runner.

    Args:
        source: where the repository comes from.
        requirements: full pins, installed without their dependencies; empty for an image, which has its own.
        runner: how its tests are run.
        python: the interpreter's version, "3.11"; "" where the image alone decides.
        overlay: whole files laid over the unpacked source (None deletes), so that a planted bug never stands as an
            edit. Paths are POSIX and relative to the repository root.
        setup: what is done to the checkout, in order, before the overlay.
        obstacle: why it cannot be made, where that is known without trying; a sandbox refuses it with these words.
    """

    source: Source
    requirements: tuple[str, ...]
    runner: RunnerSpec
    python: str = "3.11"
    overlay: Files = field(default_factory=dict, hash=False)
    setup: tuple[SetupStep, ...] = ()
    obstacle: str = ""

    def to_json(self) -> str:
        """Canonical JSON; text files as text, others as base64."""
        return canonical_json(self._plain())

    @classmethod
    def from_json(cls, text: str) -> Environment:
        """Inverse of `to_json`.

        Raises:
            BugladderError: the source's kind or that of a set-up step is unknown.
        """
        raw = json.loads(text)
        return cls(
            source=source_of_plain(raw["source"]),
            requirements=tuple(raw["requirements"]),
            runner=RunnerSpec(**{k: to_tuples(v) for k, v in raw["runner"].items()}),
            python=raw["python"],
            overlay=decode_files(raw["overlay"]),
            setup=tuple(step_of_plain(step) for step in raw.get("setup", ())),
            obstacle=raw.get("obstacle", ""),
        )

    @property
    def digest(self) -> str:
        """sha256 of the canonical JSON, without the place where a mirror stands."""
        plain = self._plain()
        plain["source"].pop("mirrors", None)
        return sha256_text(canonical_json(plain))

    def _plain(self) -> dict[str, Any]:
        runner = {k: v for k, v in to_plain(self.runner).items() if v or k not in _LATER}
        later = {"setup": [step_to_plain(s) for s in self.setup], "obstacle": self.obstacle}
        return {
            "source": source_to_plain(self.source),
            "requirements": self.requirements,
            "runner": runner,
            "python": self.python,
            "overlay": encode_files(self.overlay),
            **{k: v for k, v in later.items() if v},
        }
