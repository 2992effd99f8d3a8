import subprocess
import sys

import pytest
from swe_bench_rows import EVAL_SCRIPT, real_file

from bugladder.datasets.swe_bench.files import read_file
from bugladder.records import BugladderError
from bugladder.sources.official import PARSERS, exports, parse_log, parser_named, resolution, spec_of

PYTEST_LOG = """PASSED t.py::test_a
FAILED t.py::test_b[x y] - AssertionError: no
XFAIL t.py::test_c
ERROR t.py::test_d
SKIPPED [1] t.py:3: why
"""
# With the extra absent, `import swebench` must be what fails, and in our words.
WITHOUT = """
import sys
from importlib import metadata
real = metadata.version
def version(name):
    if name == "swebench":
        {what}
    return real(name)
metadata.version = version
from bugladder.sources import official
try:
    official.spec_of("sympy/sympy", "1.6")
except official.BugladderError as error:
    print(error)
assert "swebench" not in sys.modules
"""


@pytest.fixture
def package():
    """The official package, or a skip."""
    return pytest.importorskip("swebench", reason="the extra [swebench] is not installed")


def test_names_of_the_newer_schema_have_a_parser():
    """An alias stands for the parser it was made of; an unknown one is an error with the known ones."""
    assert parser_named("parse_log_scikit") == "parse_log_pytest_v2"
    with pytest.raises(BugladderError, match="log parser 'parse_log_jest' is unknown; known: parse_log_astroid, "):
        parser_named("parse_log_jest")


def test_exports_of_a_script_are_its_variables():
    """Lines that export are read with the shell's quotes; everything else of a script is no variable."""
    assert exports(EVAL_SCRIPT) == (("LANG", "en_US.UTF-8"), ("LC_ALL", "C.UTF-8"))
    assert exports("echo export A=1\nexport PATH\nexport B='a b' # c\n") == (("B", "a b"),)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("raise metadata.PackageNotFoundError(name)", "swebench is not installed; install the extra [swebench]"),
        ("return '5.0.2'", "swebench is 5.0.2, not 4.1.0; install the extra [swebench]"),
    ],
)
def test_without_the_extra_the_error_says_what_to_install(what, words):
    """An absent package, or one of another version, is one line, and nothing of it is imported."""
    argv = [sys.executable, "-c", WITHOUT.format(what=what)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert words in done.stdout


def test_the_package_is_not_imported_before_it_is_needed():
    """Building the dataset plug and reading rows of either schema costs none of its seconds."""
    code = "import sys, bugladder.datasets.swe_bench; assert not {'swebench', 'huggingface_hub'} & {*sys.modules}"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
def test_our_table_of_parsers_is_the_packages(package):
    """Every parser of a Python repository is in the table under the name of the function that reads its logs."""
    from swebench.harness.log_parsers import python

    functions = {name: f.__name__ for name, f in vars(python).items() if name.startswith("parse_log_")}
    assert functions == PARSERS


@pytest.mark.slow
def test_logs_are_read_as_the_official_parsers_do(package):
    """Ids are cut at a blank as the listed ones are; both schemas' names reach the same parser."""
    statuses = parse_log("parse_log_flask", PYTEST_LOG)
    assert statuses == {
        "t.py::test_a": "PASSED", "t.py::test_b[x": "FAILED", "t.py::test_c": "XFAIL", "t.py::test_d": "ERROR",
        "[1]": "SKIPPED",
    }  # fmt: skip
    assert parse_log("parse_log_pytest", PYTEST_LOG) == statuses


@pytest.mark.slow
@pytest.mark.parametrize(
    ("failing", "verdict"),
    [
        (["t.py::test_a", "t.py::test_c"], "RESOLVED_FULL"),
        (["t.py::test_a", "t.py::test_d"], "RESOLVED_PARTIAL"),
        (["t.py::gone"], "RESOLVED_NO"),
    ],
)
def test_verdicts_are_the_official_ones(package, failing, verdict):
    """An expected failure passes, an error and an absence fail."""
    assert resolution(parse_log("parse_log_pytest", PYTEST_LOG), failing, ["t.py::test_a"]) == verdict


@pytest.mark.slow
def test_specs_are_of_a_repository_and_a_version(package):
    """Variables in front of a command are apart from it; an unknown version is an error with the known ones."""
    spec = spec_of("sympy/sympy", "1.6")
    assert (spec.python, spec.command, spec.parser) == ("3.9", ("bin/test", "-C", "--verbose"), "parse_log_sympy")
    assert spec.env == (("PYTHONWARNINGS", "ignore::UserWarning,ignore::SyntaxWarning"),)
    with pytest.raises(BugladderError, match=r"sympy/sympy 9\.9: swebench 4\.1\.0 knows 0\.7, 1\.0, "):
        spec_of("sympy/sympy", "9.9")
    with pytest.raises(BugladderError, match=r"owner/name 1\.0: swebench 4\.1\.0 knows no version of it"):
        spec_of("owner/name", "1.0")


@pytest.mark.slow
@pytest.mark.parametrize("split", ["test", "dev"])
def test_every_real_version_has_a_spec(package, split):
    """The pinned package knows each repository and version of the real splits, and its parser is in our table."""
    for row in read_file(real_file(split)).rows:
        assert spec_of(row.repo, row.version).parser in PARSERS.values()


@pytest.mark.slow
def test_recipes_and_the_package_name_the_same_parsers(package):
    """What a recipe says of its repository's log parser is what the pinned package says."""
    from pathlib import Path

    from bugladder.datasets.swe_bench.recipes import find_recipe

    folder = Path(__file__).resolve().parents[2] / "data" / "swe_bench" / "recipes"
    repos = [p.stem.replace("__", "/") for p in folder.glob("*.yaml")]
    found = {repo: find_recipe(folder, repo).parser for repo in repos}
    assert found == {repo: package.MAP_REPO_TO_PARSER[repo].__name__ for repo in repos}
