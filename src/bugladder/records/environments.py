"""What a sandbox needs to open a task: source, overlay, requirements and how its tests are run."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from bugladder.records.encoding import Files, canonical_json, decode_files, encode_files, sha256_text, to_plain
from bugladder.records.terms import BugladderError


@dataclass(frozen=True)
class RunnerSpec:
    """How an instance's tests are run: a runner's name and what it needs to know.

    Args:
        name: the runner plug ("pytest").
        paths: test files or folders, relative to the repository root, run together.
        pythonpath: folders put on PYTHONPATH, relative to the repository root ("." for the root).
        env: further environment variables of the test command, as (name, value) pairs.
        options: further options of the test command.
    """

    name: str
    paths: tuple[str, ...]
    pythonpath: tuple[str, ...] = (".",)
    env: tuple[tuple[str, str], ...] = ()
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class SdistSource:
    """A source distribution on the package index, pinned by its hash."""

    name: str
    version: str
    filename: str
    sha256: str


@dataclass(frozen=True)
class Environment:
    """What a sandbox needs to open a task, self-sufficient: sources, overlay, requirements and runner.

    The overlay holds whole files laid over the unpacked source (None deletes), so a planted bug
    never stands as an edit. Paths are POSIX and relative to the repository root.
    """

    source: SdistSource
    requirements: tuple[str, ...]
    runner: RunnerSpec
    python: str = "3.11"
    overlay: Files = field(default_factory=dict, hash=False)

    def to_json(self) -> str:
        """Canonical JSON; text files as text, others as base64."""
        return canonical_json(
            {
                "source": {"kind": "sdist", **to_plain(self.source)},
                "requirements": self.requirements,
                "runner": to_plain(self.runner),
                "python": self.python,
                "overlay": encode_files(self.overlay),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Environment:
        """Inverse of `to_json`.

        Raises:
            BugladderError: the source's kind is unknown.
        """
        raw = json.loads(text)
        source = dict(raw["source"])
        kind = source.pop("kind")
        if kind != "sdist":
            raise BugladderError(f"environment source kind {kind!r} is unknown; known: sdist")
        runner = raw["runner"]
        return cls(
            source=SdistSource(**source),
            requirements=tuple(raw["requirements"]),
            runner=RunnerSpec(
                name=runner["name"],
                paths=tuple(runner["paths"]),
                pythonpath=tuple(runner["pythonpath"]),
                env=tuple((k, v) for k, v in runner["env"]),
                options=tuple(runner["options"]),
            ),
            python=raw["python"],
            overlay=decode_files(raw["overlay"]),
        )

    @property
    def digest(self) -> str:
        """sha256 of the canonical JSON."""
        return sha256_text(self.to_json())
