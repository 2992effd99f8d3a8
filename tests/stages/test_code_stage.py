import shutil

import pytest
from tiny_bug import PROJECT

from stages.code import PLUG_ROOMS, code_of

LINE = "\n_THOUGHT = 1\n"
READERS = {
    ("src/bugladder/solvers/search.py", LINE): {"run"},
    ("src/bugladder/solvers/debugging/prompts/fix.jinja", "\nThink.\n"): {"run"},
    ("src/bugladder/datasets/pypi.py", LINE): {"select"},
    ("src/bugladder/runners/programs/bugladder_guard.py", LINE): {"control", "run", "score"},
    ("src/bugladder/reporting/templates/page.md.jinja", "\nMore.\n"): {"report"},
    ("src/bugladder/records/terms.py", LINE): {*PLUG_ROOMS},
    ("src/bugladder/solvers/loop.py", "\n# a thought\n"): set(),
    ("src/bugladder/sandboxes/local.py", '\n"""A thought."""\n'): set(),
    ("stages/mine.py", LINE): set(),
}


@pytest.mark.slow
def test_an_edit_changes_the_code_of_the_stages_that_it_reaches(tmp_path):
    """A line changes the digests of the stages that reach its file; a comment, a docstring or a command none."""
    for name in ("src", "stages"):
        shutil.copytree(PROJECT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path, text in READERS:
        with (tmp_path / path).open("a", encoding="utf-8") as file:
            file.write(text)
    found = {path: set() for path, _ in READERS}
    for stage in PLUG_ROOMS:
        before, after = code_of(stage, PROJECT), code_of(stage, tmp_path)
        assert set(before) == set(after)
        for path in before:
            if before[path] != after[path]:
                found[path].add(stage)
    assert found == {path: stages for (path, _), stages in READERS.items()}
