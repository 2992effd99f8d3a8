import pytest

from bugladder.records import BugladderError
from bugladder.running.code_digest import PROJECT_ROOT, code_digest, import_closure, program_files

FILES = {
    "src/bugladder/__init__.py": "",
    "src/bugladder/records.py": '"""Records."""\nX = 1\n',
    "src/bugladder/solvers/__init__.py": '"""Solvers."""\n',
    "src/bugladder/solvers/search.py": (
        '"""Search."""\n'
        "from typing import TYPE_CHECKING\n"
        "import tenacity\n"
        "from bugladder.solvers import ranking\n"
        "from . import relative\n"
        "if TYPE_CHECKING:\n"
        "    from bugladder.grading import grade\n"
        "def solve():\n"
        '    """Solve."""\n'
        "    from bugladder import lazy\n"
        "    return ranking.rank(1) # a comment\n"
    ),
    "src/bugladder/solvers/ranking.py": "from bugladder.records import X\ndef rank(n):\n    return n + X\n",
    "src/bugladder/solvers/relative.py": "from ..records import X\n",
    "src/bugladder/solvers/no_op.py": "Y = 1\n",
    "src/bugladder/solvers/programs/server.py": "print(1)\n",
    "src/bugladder/solvers/prompts/deep/fix.txt": "Fix it.\n",
    "src/bugladder/grading/__init__.py": "",
    "src/bugladder/grading/grade.py": "Z = 1\n",
    "src/bugladder/grading/programs/inside.py": "print(2)\n",
    "src/bugladder/lazy.py": "L = 1\n",
    "stages/__init__.py": "",
    "stages/run.py": "from bugladder.solvers.search import solve\n",
}


@pytest.fixture
def project(tmp_path):
    """A function that lays a small project out with some files changed, each time in a new place."""
    made = []

    def lay(changes=None):
        root = tmp_path / f"p{len(made)}"
        made.append(root)
        for path, text in (FILES | (changes or {})).items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        return root

    return lay


def digest(root):
    """The digest of the small project's solver."""
    return code_digest("bugladder.solvers.search", root)


def names(root, module):
    """The closure as paths relative to the root."""
    return {str(p.relative_to(root)) for p in import_closure(module, root)}


def test_closure_follows_imports(project):
    """The closure holds absolute, relative, lazy and package imports, and not what only a type checker sees."""
    solver = {f"src/bugladder/{n}.py" for n in ("__init__", "records", "lazy")}
    solver |= {f"src/bugladder/solvers/{n}.py" for n in ("__init__", "search", "ranking", "relative")}
    root = project()
    assert names(root, "bugladder.solvers.search") == solver
    assert names(root, "stages.run") == solver | {"stages/__init__.py", "stages/run.py"}


def test_programs_of_packages_in_the_closure(project):
    """Programs and prompts of the closure's packages belong to it, at any depth, and no bytecode does."""
    root = project({"src/bugladder/solvers/programs/__pycache__/server.pyc": "x"})
    found = {str(p.relative_to(root)) for p in program_files(import_closure("bugladder.solvers.search", root))}
    assert found == {"src/bugladder/solvers/programs/server.py", "src/bugladder/solvers/prompts/deep/fix.txt"}


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("src/bugladder/solvers/search.py", '"""Search."""\n', '"""Other words,\n\non more lines."""\n'),
        ("src/bugladder/solvers/search.py", '    """Solve."""\n', ""),
        ("src/bugladder/solvers/search.py", " # a comment", ""),
        ("src/bugladder/solvers/ranking.py", "return n + X", "return   (n+X)"),
        ("src/bugladder/records.py", "X = 1\n", 'X = 1\n"""The start."""\n'),
        ("src/bugladder/solvers/no_op.py", "Y = 1", "Y = 2"),
        ("src/bugladder/grading/grade.py", "Z = 1", "Z = 2"),
        ("src/bugladder/grading/programs/inside.py", "2", "3"),
        ("stages/run.py", "solve", "solve as other"),
    ],
)
def test_digest_holds(project, path, old, new):
    """Docstrings, comments, layout, and modules and programs outside of the closure change nothing."""
    assert old in FILES[path]
    assert digest(project()) == digest(project({path: FILES[path].replace(old, new)}))


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("src/bugladder/solvers/search.py", "rank(1)", "rank(2)"),
        ("src/bugladder/solvers/search.py", "import tenacity", "import tqdm"),
        ("src/bugladder/solvers/ranking.py", "n + X", "n - X"),
        ("src/bugladder/records.py", "X = 1", 'X = "1"'),
        ("src/bugladder/lazy.py", "L = 1", "L = 2"),
        ("src/bugladder/solvers/__init__.py", '"""Solvers."""\n', "N = 1\n"),
        ("src/bugladder/solvers/programs/server.py", "print(1)", "print(1) # a comment"),
        ("src/bugladder/solvers/prompts/deep/fix.txt", "Fix", "Mend"),
    ],
)
def test_digest_changes(project, path, old, new):
    """Code in the closure, a package's __init__, an imported package, a program or a prompt changes the digest."""
    assert old in FILES[path]
    assert digest(project()) != digest(project({path: FILES[path].replace(old, new)}))


def test_added_prompt_changes_the_digest(project):
    """A new prompt file counts, although no code names it."""
    assert digest(project()) != digest(project({"src/bugladder/solvers/prompts/more.txt": ""}))


def test_template_beside_a_module_counts(project):
    """A template beside a module of the closure is part of the digest, byte by byte; another room's is not."""
    beside, elsewhere = "src/bugladder/solvers/fix.md.jinja", "src/bugladder/grading/fix.md.jinja"
    found = [digest(project(c)) for c in ({}, {elsewhere: "x"}, {beside: "{# mend #}"}, {beside: "{# Mend #}"})]
    assert found[0] == found[1]
    assert len(set(found)) == 3


def test_package_versions_count(project, tmp_path, monkeypatch):
    """Another version of an imported package changes the digest."""
    changed = {"src/bugladder/solvers/ranking.py": FILES["src/bugladder/solvers/ranking.py"] + "import rung_probe\n"}
    digests = []
    for version in ("1.0", "1.0", "1.1"):
        site = tmp_path / f"site-{len(digests)}"
        info = site / "rung_probe-1.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: rung-probe\nVersion: {version}\n")
        (info / "top_level.txt").write_text("rung_probe\n")
        with monkeypatch.context() as patch:
            patch.syspath_prepend(str(site))
            from bugladder.running import code_digest as module

            module._distributions.cache_clear()
            digests.append(digest(project(changed)))
    module._distributions.cache_clear()
    assert digests[0] == digests[1] != digests[2]


def test_unknown_module_is_named(project):
    """A module that is not in the project is an error that names it."""
    with pytest.raises(BugladderError, match=r"bugladder\.solvers\.serach"):
        code_digest("bugladder.solvers.serach", project())


def test_broken_syntax_is_named(project):
    """A file that does not parse is an error that names it."""
    with pytest.raises(BugladderError, match=r"ranking\.py: does not parse"):
        digest(project({"src/bugladder/solvers/ranking.py": "def ("}))


def test_batch_reaches_no_answer():
    """The batch loop is handed its work as a function: its own closure holds neither grading nor datasets."""
    rooms = {
        p.relative_to(PROJECT_ROOT / "src" / "bugladder").parts[0] for p in import_closure("bugladder.running.batch")
    }
    assert rooms == {"__init__.py", "records", "running"}
