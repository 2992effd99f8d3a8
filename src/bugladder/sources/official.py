"""The one module that imports the official `swebench` package: its specs per version, log parsers and verdicts.

The import takes seconds and some of its functions reach for the network; only its tables and parsers are read here.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import Any

from bugladder.records import BugladderError

VERSION = "4.1.0"
_HINT = f"install the extra [swebench] (swebench=={VERSION})"

# The names that a row's column log_parser may have, and the parser of the pinned package that reads the same logs.
PARSERS: dict[str, str] = {
    "parse_log_astroid": "parse_log_pytest",
    "parse_log_astropy": "parse_log_pytest_v2",
    "parse_log_django": "parse_log_django",
    "parse_log_flask": "parse_log_pytest",
    "parse_log_marshmallow": "parse_log_pytest",
    "parse_log_matplotlib": "parse_log_matplotlib",
    "parse_log_pvlib": "parse_log_pytest",
    "parse_log_pydicom": "parse_log_pytest_options",
    "parse_log_pylint": "parse_log_pytest_options",
    "parse_log_pytest": "parse_log_pytest",
    "parse_log_pytest_options": "parse_log_pytest_options",
    "parse_log_pytest_v2": "parse_log_pytest_v2",
    "parse_log_pyvista": "parse_log_pytest",
    "parse_log_requests": "parse_log_pytest_options",
    "parse_log_scikit": "parse_log_pytest_v2",
    "parse_log_seaborn": "parse_log_seaborn",
    "parse_log_sphinx": "parse_log_pytest_v2",
    "parse_log_sqlfluff": "parse_log_pytest",
    "parse_log_sympy": "parse_log_sympy",
    "parse_log_xarray": "parse_log_pytest",
}


@dataclass(frozen=True)
class OfficialSpec:
    """What the official package says of one version of one repository.

    Args:
        python: the interpreter of its image, "3.9".
        command: the test command without variables and without test files, as shell words.
        env: variables that the command runs with.
        parser: the log parser, one of the values of `PARSERS`.
    """

    python: str
    command: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    parser: str


def parser_named(name: str) -> str:
    """The parser for a name as the newer row schema has it.

    Raises:
        BugladderError: no parser of a Python repository has that name.
    """
    if name not in PARSERS:
        raise BugladderError(f"log parser {name!r} is unknown; known: {', '.join(sorted(PARSERS))}")
    return PARSERS[name]


def spec_of(repo: str, version: str) -> OfficialSpec:
    """What the official package says of a repository's version.

    Raises:
        BugladderError: the package is absent or of another version, or does not know the repository or the version.
    """
    package = _package()
    versions = package.MAP_REPO_VERSION_TO_SPECS.get(repo)
    if versions is None or version not in versions:
        known = "no version of it" if versions is None else ", ".join(versions)
        raise BugladderError(
            f"{repo} {version}: swebench {VERSION} knows {known}; its newer rows name image and parser"
        )
    spec = versions[version]
    env, words = _split_variables(shlex.split(spec["test_cmd"]))
    return OfficialSpec(
        python=spec["python"],
        command=tuple(words),
        env=(*exports("\n".join(spec.get("eval_commands", ()))), *env),
        parser=package.MAP_REPO_TO_PARSER[repo].__name__,
    )


def exports(script: str) -> tuple[tuple[str, str], ...]:
    """The variables that a shell script exports, in order."""
    lines = re.findall(r"^export ([A-Za-z_]\w*=.*)$", script, re.MULTILINE)
    return tuple(pair for line in lines for pair in _split_variables(shlex.split(line)[:1])[0])


def parse_log(parser: str, log: str) -> dict[str, str]:
    """Status by test id (PASSED, FAILED, ERROR, SKIPPED, XFAIL) as the official parser reads a log.

    Args:
        parser: a name as in a row or in a spec.
        log: what the test command printed.

    Raises:
        BugladderError: the parser is unknown, or the package is absent or of another version.
    """
    wanted, package = parser_named(parser), _package()
    functions = {f.__name__: f for f in package.MAP_REPO_TO_PARSER.values()}
    # no parser of a Python repository looks at the test spec, its second argument
    return dict(functions[wanted](log, None))


def resolution(statuses: Mapping[str, str], fail_to_pass: Sequence[str], pass_to_pass: Sequence[str]) -> str:
    """The official verdict on parsed statuses: RESOLVED_FULL, RESOLVED_PARTIAL or RESOLVED_NO."""
    grading = _package().harness.grading
    gold = {"FAIL_TO_PASS": list(fail_to_pass), "PASS_TO_PASS": list(pass_to_pass)}
    report = grading.get_eval_tests_report(dict(statuses), gold)
    return str(grading.get_resolution_status(report))


@cache
def _package() -> Any:
    try:
        found = metadata.version("swebench")
    except metadata.PackageNotFoundError as error:
        raise BugladderError(f"the official package swebench is not installed; {_HINT}") from error
    if found != VERSION:
        raise BugladderError(f"the official package swebench is {found}, not {VERSION}; {_HINT}")
    import swebench

    return swebench


def _split_variables(words: Sequence[str]) -> tuple[tuple[tuple[str, str], ...], list[str]]:
    """Assignments in front of a command's words, and the rest."""
    count = next((n for n, word in enumerate(words) if not re.match(r"[A-Za-z_]\w*=", word)), len(words))
    pairs = (word.partition("=") for word in words[:count])
    return tuple((name, value) for name, _, value in pairs), list(words[count:])
