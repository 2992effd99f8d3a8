"""Plants random tokens where an answer is: in a reference patch, in tests' names and bodies, and in their ids."""

from __future__ import annotations

import secrets
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

from tiny_bug import BUGGY, FIXED, OLD_TESTS, PINS, seed_sdist
from tiny_project import make_project

from bugladder.records import Difficulty, Environment, Instance, RunnerSpec, tables
from bugladder.records.rows import instance_row
from bugladder.workspace import make_patch
from stages import control, resolve

PARTS = ("name", "param", "comment", "body")
_TEST = """
# {comment}
@pytest.mark.parametrize("n", [pytest.param(3, id="{param}")])
def test_{name}(n):
    assert {call} == {result}, "{body}"

"""


@dataclass(frozen=True)
class Planted:
    """A project with one planted bug, climbed until its task and its answer are there.

    Args:
        root: the project's.
        in_patch: tokens of the reference patch.
        by_test: tokens of each test, by its id.
    """

    root: Path
    in_patch: tuple[str, ...]
    by_test: dict[str, tuple[str, ...]]

    @property
    def folder(self) -> Path:
        """Of the phase's tables."""
        return self.root / "data" / "baseline"

    def secret(self) -> list[str]:
        """The tokens that no solver may see: of the patch, and of what is hidden of the tests."""
        (answer,) = tables.read(tables.ANSWERS, self.folder / "answers.parquet")
        hidden = [*answer["hidden_fail_to_pass"], *answer["hidden_pass_to_pass"]]
        return [*self.in_patch, *(t for i in hidden for t in self.by_test[i])]

    def public(self) -> list[str]:
        """The tokens of the public tests."""
        (task,) = tables.read(tables.TASKS, self.folder / "tasks.parquet")
        return [t for i in (*task["public_fail_to_pass"], *task["public_pass_to_pass"]) for t in self.by_test[i]]


def new_token() -> str:
    """A word that stands nowhere by chance."""
    return f"canary{secrets.token_hex(8)}"


def plant(folder: Path) -> Planted:
    """One tiny bug whose every test and whose reference patch hold tokens."""
    root = make_project(folder, 1, {"baseline": 1})
    in_patch, by_test, tests = (new_token(), new_token()), {}, "import pytest\nfrom tiny import add, double\n\n"
    for number in range(10):
        call, result = ("add(n, n)", "2 * n") if number < 5 else ("double(n)", "2 * n")
        words = {part: new_token() for part in PARTS}
        tests += _TEST.format(call=call, result=result, **words)
        by_test[f"tests/test_tiny.py::test_{words['name']}[{words['param']}]"] = tuple(words.values())
    fixed = FIXED + f"\n\n# {in_patch[0]}\n{in_patch[1]} = True\n".encode()
    instance = _instance(root, fixed, tests.encode(), tuple(by_test))
    with chdir(root):
        resolve.main(["baseline"])
        tables.write(tables.INSTANCES, [instance_row(instance)], Path("data/baseline/instances.parquet"))
        control.main(["baseline", "conf/gate/start.yaml"])
    return Planted(root, in_patch, by_test)


def _instance(root: Path, fixed: bytes, tests: bytes, ids: tuple[str, ...]) -> Instance:
    before = {"tiny.py": BUGGY, "tests/test_tiny.py": OLD_TESTS}
    after = {"tiny.py": fixed, "tests/test_tiny.py": tests}
    source = seed_sdist(root / ".bugladder", "tiny", "1.0", before)
    # the release that holds the answer lies in the same cache
    seed_sdist(root / ".bugladder", "tiny", "1.1", after)
    patches = (make_patch({p: before[p]}, {p: after[p]}) for p in before)
    environment = Environment(source, PINS, RunnerSpec("pytest", ("tests",)))
    return Instance(
        "tiny-1.0-1.1", "pypi", "release", "tiny", "1.0", "2026-01-01", Difficulty.EASY, Difficulty.EASY,
        "add gives a wrong result", *patches, ids[:5], ids[5:], environment,
    )  # fmt: skip
