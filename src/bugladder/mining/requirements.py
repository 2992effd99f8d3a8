"""Decides the pins of a test environment: a release's own requirements and its recipe's, never the package itself."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from email.parser import BytesParser

import uv
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bugladder.records import BugladderError, InfrastructureError

PYTEST = "pytest==8.4.2"
PYTHON = "3.11"
_TIMEOUT_S = 120.0


def own_requirements(tree: Mapping[str, bytes]) -> list[str]:
    """Requirements that the sdist's metadata names without an extra, for Python 3.11 on Linux.

    They stand in PKG-INFO, or, where an older setuptools wrote it, in egg-info/requires.txt before the first section.
    """
    message = BytesParser().parsebytes(tree.get("PKG-INFO", b""), headersonly=True)
    found = []
    for line in message.get_all("Requires-Dist", _egg_info_lines(tree)):
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is None or marker.evaluate({"extra": "", "python_version": PYTHON, "python_full_version": "3.11.0"}):
            requirement.marker = None
            found.append(str(requirement))
    return sorted(found)


def _egg_info_lines(tree: Mapping[str, bytes]) -> list[str]:
    texts = [content.decode("utf-8") for path, content in tree.items() if path.endswith(".egg-info/requires.txt")]
    return [line for text in texts for line in f"\n{text}".partition("\n[")[0].split("\n") if line.strip()]


def resolve_pins(package: str, wanted: Sequence[str]) -> tuple[str, ...]:
    """Full pins of what is wanted and of pytest, with everything they need; the package itself is left out.

    Raises:
        BugladderError: no set of versions satisfies the requirements.
        InfrastructureError: the package index cannot be reached in time.
    """
    lines = "\n".join([*wanted, PYTEST])
    argv = [
        uv.find_uv_bin(), "pip", "compile", "-", "--quiet", "--no-header", "--no-annotate",
        f"--python-version={PYTHON}", f"--no-emit-package={package}",
    ]  # fmt: skip
    try:
        done = subprocess.run(argv, input=lines, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise InfrastructureError(f"{package}: pins of {lines!r} were not resolved in {_TIMEOUT_S:.0f} s") from error
    if done.returncode != 0:
        raise BugladderError(
            f"{package}: its test requirements cannot be resolved: {' '.join(done.stderr.split())[:300]}"
        )
    own = canonicalize_name(package)
    pins = [line.strip() for line in done.stdout.splitlines() if "==" in line]
    return tuple(sorted(p for p in pins if canonicalize_name(p.split("==")[0]) != own))
