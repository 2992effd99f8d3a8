"""Which new modules of a patched tree would be imported in place of the standard library's or an installed one."""

import shutil

import pytest
from tiny_bug import BUGGY, OLD_TESTS, PINS

from bugladder.grading.shadows import find_shadows
from bugladder.sandboxes.environments import provision
from bugladder.workspace import TreeRefusedError

BASE = {"tiny.py": BUGGY, "tests/test_tiny.py": OLD_TESTS, "src/pkg/__init__.py": b""}


@pytest.fixture
def shadows(make_instance, tiny_world):
    """Find them in a base tree with new files; the environment holds pytest and what it needs."""

    def find(*new, more=(), folders=(".",)):
        base = {**BASE, **dict.fromkeys(more, b"")}
        with tiny_world.open_workspace(make_instance(more=base).environment, {}) as workspace:
            whole = workspace.tree()
            workspace.write(dict.fromkeys(new, b""))
            return find_shadows(workspace, workspace.tree(), whole, folders)

    return find


def test_a_new_module_with_a_taken_name_is_found(shadows):
    """Modules, packages, bytecode without source and compiled modules hide what is built in, standard or installed."""
    new = {
        "json.py", "os.py", "sys.py", "zipimport.py", "pytest.py", "pluggy.py", "unittest/__init__.py", "copy.pyc",
        "enum.so", "heapq.abi3.so", "packaging/__init__.pyc", "_pytest.cpython-311-x86_64-linux-gnu.so",
        "iniconfig/__init__.cpython-311-x86_64-linux-gnu.so",
    }  # fmt: skip
    assert shadows(*new) == new


def test_what_hides_nothing_stays(shadows):
    """New names, other case, deeper modules, files that are no modules, folders that are no packages, programs."""
    new = {
        "helper.py", "pkg/json.py", "JSON.py", "Pytest.py", "json", "os.md", "site.cfg", "pytest.toml", "code.py.txt",
        "unittest/notes.txt", "unittest/data/__init__.py", "enum.d/__init__.py", "my-json.py", "__main__.py",
        "__init__.py", "copy.pyi", "src/json.py",
    }  # fmt: skip
    assert shadows(*new) == set()


def test_all_of_a_new_package_goes(shadows):
    """A package that hides another is found with everything in it, whatever it is; its neighbours stay."""
    new = {"json/__init__.py", "json/decoder.py", "json/deep/data.txt", "json.py"}
    assert shadows(*new, "json.md", "jsonl/__init__.py") == new


def test_a_module_of_the_base_may_grow(shadows):
    """What the repository itself names like a standard module it may change, and make a package or a module of."""
    there = ("json.py", "os/__init__.py", "enum/__init__.py", "copy.cpython-311-x86_64-linux-gnu.so")
    assert shadows("json/__init__.py", "os/path.py", "enum.py", "copy.py", more=there) == set()


def test_no_other_file_of_the_base_stands_for_a_module(shadows):
    """A setting, a folder that is no package or a deeper module lends its name to no new module, and stays itself."""
    there = (
        "pytest.ini", "site.cfg", "json", "_pytest/notes.txt", "unittest/tools/__init__.py", "pkg/os.py", "src/enum.py",
    )  # fmt: skip
    new = {"pytest.py", "site.py", "json.py", "_pytest/__init__.py", "unittest/__init__.py", "os.py", "enum.py"}
    assert shadows(*new, more=there) == new


def test_every_folder_on_the_path_counts(shadows):
    """Names are taken as seen from the root and from each folder on the path, in whatever order; no other folder."""
    new = ("json.py", "src/json.py", "src/pytest/__init__.py", "src/pkg/os.py", "lib/enum.py")
    assert shadows(*new, folders=("src",)) == {"json.py", "src/json.py", "src/pytest/__init__.py"}
    assert shadows(*new, folders=("src/pkg", "none", ".")) == {"json.py", "src/pkg/os.py"}


@pytest.fixture
def lived_in(cache):
    """The environment of the tiny bug, with a namespace package and with the repository's folder installed as it is."""
    whole = provision(PINS, cache).resolve()
    (cache / "envs").unlink()
    (packages,) = shutil.copytree(whole, cache / "envs" / whole.name, symlinks=True).glob("lib/*/site-packages")
    packages.joinpath("spaced").mkdir()
    packages.joinpath("spaced", "part.py").write_bytes(b"")
    packages.joinpath("tree.pth").write_text("/testbed/src\n")


@pytest.mark.usefixtures("lived_in")
def test_a_package_that_hides_a_namespace_is_found(shadows):
    """A package takes a whole namespace of the environment away; a folder that joins it does not."""
    assert shadows("spaced/__init__.py", "spaced/more.py") == {"spaced/__init__.py", "spaced/more.py"}
    assert shadows("spaced/more.py") == set()


@pytest.mark.usefixtures("lived_in")
def test_the_tree_hides_nothing_of_its_own(shadows):
    """Where the environment has the repository's folder on its path, what is found there is no other module."""
    new = ("src/fresh.py", "src/wide/__init__.py", "fresh.py", "src/pluggy.py")
    assert shadows(*new, folders=("src",)) == {"src/pluggy.py"}


def test_many_new_modules_are_asked_for_at_once(shadows):
    """Of some hundred new modules those that hide something are found."""
    new = [f"module_{number}.py" for number in range(500)]
    assert shadows(*new, "json.py") == {"json.py"}


def test_the_asking_is_out_of_the_trees_reach(make_instance, tiny_world):
    """What the tree holds is not loaded while it is asked for: not by name, by variables or as a start-up file."""
    spoiled = dict.fromkeys(("importlib/__init__.py", "os.py", "sitecustomize.py", "json.py"), b"raise SystemExit(0)\n")
    with tiny_world.open_workspace(make_instance(more=BASE).environment, {}) as workspace:
        base = workspace.tree()
        workspace.write(spoiled)
        found = find_shadows(workspace, workspace.tree(), base, ("src",))
    assert found >= {"importlib/__init__.py", "os.py", "json.py"}


def test_a_tree_that_cannot_be_asked_is_refused(make_instance, tiny_world):
    """Where the interpreter does not answer nothing is taken for harmless: the tree is refused."""
    with tiny_world.open_workspace(make_instance(more=BASE).environment, {}) as workspace:
        workspace.timeout_s = 0.001
        with pytest.raises(TreeRefusedError, match="cannot be found out"):
            find_shadows(workspace, {"json.py"}, BASE, ())
