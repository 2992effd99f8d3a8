"""What grading a candidate's patch gives on a tiny real bug in the real sandbox, attacks among them."""

import base64
import hashlib
import zlib

import pytest
from tiny_bug import BUGGY, FAIL_TO_PASS, FIXED, NEW_TESTS, OLD_TESTS, PASS_TO_PASS

from bugladder.grading.grade import GradingSettings
from bugladder.grading.work import GradeWork
from bugladder.records import Answer, Candidate, Difficulty, Outcome, Task
from bugladder.records.rows import outcome_of
from bugladder.records.weights import ScoringSettings
from bugladder.running.opening import workspace_opener
from bugladder.scoring.scores import Evidence, score_instance
from bugladder.workspace import make_patch

RIGHT = make_patch({"tiny.py": BUGGY}, {"tiny.py": FIXED})
LENIENT = b"def pytest_runtest_call(item):\n    item.obj = lambda *a, **k: None\n"
"""A conftest.py under which every test without fixtures passes."""
FORGED = b"""import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    outcome.get_result().outcome = "passed"
"""


@pytest.fixture
def grade(make_instance, tiny_world):
    """Grade a patch on the tiny bug; returns the stored value with its scores."""

    def run(patch, more=None, timeout_s=60.0, test_files=None, **fields):
        instance = make_instance(more=more, **fields)
        hidden = {FAIL_TO_PASS[0], PASS_TO_PASS[0]}
        answer = Answer(
            instance.instance_id, instance.reference_patch, instance.test_patch, FAIL_TO_PASS, PASS_TO_PASS,
            (FAIL_TO_PASS[0],), (PASS_TO_PASS[0],), Difficulty.EASY,
            {i: i.split("[")[0] for i in (*FAIL_TO_PASS, *PASS_TO_PASS)},
        )  # fmt: skip
        public = tuple(i for i in FAIL_TO_PASS if i not in hidden), tuple(i for i in PASS_TO_PASS if i not in hidden)
        task = Task(instance.instance_id, "pypi", "release", "tiny", "words", instance.environment, *public,
                    Difficulty.EASY, "split")  # fmt: skip
        opener = workspace_opener(tiny_world.sandbox, timeout_s, label="grading")
        candidate = Candidate(instance.instance_id, patch, test_files or {})
        value = GradeWork(opener, GradingSettings())((task, answer, candidate))
        evidence = Evidence(
            [outcome_of(o) for o in value["outcomes"]], has_patch=bool(patch and patch.strip()),
            applied=value["applied"], own_valid=frozenset(value["own_valid"]), own_written=len(value["own_written"]),
        )  # fmt: skip
        return {**value, "scores": score_instance(evidence, ScoringSettings())}

    return run


def _outcomes(graded):
    return {o["test_id"]: o["outcome"] for o in graded["outcomes"] if o["kind"] != "own"}


def _patch(files, base=None):
    return make_patch({"tiny.py": BUGGY, "tests/test_tiny.py": OLD_TESTS, **(base or {})}, files)


def _as_binary(header, content):
    """A new file as git's binary patch, whose header alone names the path."""
    packed, rows = zlib.compress(content), []
    for start in range(0, len(packed), 52):
        part = packed[start : start + 52]
        length = chr(ord("A") + len(part) - 1) if len(part) <= 26 else chr(ord("a") + len(part) - 27)
        rows.append(length + base64.b85encode(part + bytes(-len(part) % 4)).decode())
    sha = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    head = [header, "new file mode 100644", f"index {'0' * 40}..{sha}", "GIT binary patch", f"literal {len(content)}"]
    return "\n".join([*head, *rows, "", "literal 0", "HcmV?d00001", "", ""])


def _added(header, content):
    lines = content.decode().splitlines()
    return f"{header}\n@@ -0,0 +1,{len(lines)} @@\n" + "".join(f"+{line}\n" for line in lines)


def test_the_right_patch_is_resolved(grade):
    """A patch that mends the code passes every listed test, and nothing of it is dropped."""
    graded = grade(RIGHT)
    assert graded["scores"].verdict == "resolved"
    assert (graded["applied"], graded["dropped"], graded["reason"], graded["was_cut"]) == (True, [], "", False)
    assert graded["applied_by"] == "git"
    assert set(_outcomes(graded).values()) == {Outcome.PASSED}


@pytest.mark.parametrize("patch", [RIGHT.replace("\n", "\r\n"), RIGHT.rstrip("\n")], ids=["CRLF", "no newline"])
def test_a_patch_that_only_patch_takes_is_graded(grade, patch):
    """A patch with other line ends or a cut last line counts, as in the field, and which tool took it is recorded."""
    graded = grade(patch)
    assert (graded["scores"].verdict, graded["applied_by"]) == ("resolved", "patch")


def test_a_wrong_patch_is_graded_by_what_passes(grade):
    """A patch that mends part of the failing tests is partial: each listed test has its own outcome."""
    graded = grade(make_patch({"tiny.py": BUGGY}, {"tiny.py": BUGGY.replace(b"a - b", b"b - a")}))
    assert graded["scores"].verdict == "partial"
    assert _outcomes(graded)[FAIL_TO_PASS[-1]] == "passed"
    assert _outcomes(graded)[FAIL_TO_PASS[0]] == "failed"


@pytest.mark.parametrize("patch", [None, "", "\n"])
def test_no_patch_is_no_patch(grade, patch):
    """A candidate without a patch is no_patch, and scored as the unpatched code."""
    scores = grade(patch)["scores"]
    assert (scores.verdict, scores.hfs, scores.public_rate, scores.overall) == ("no_patch", 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    "patch",
    [
        RIGHT.replace("    return a - b", "    return a % b"),
        RIGHT.replace("@@ -3", "@@ -300,7 +300,7 @@ x\n@@ -3"),
        "I would add the numbers instead.\n",
        "diff --git a/tiny.py b/tiny.py\n",
        make_patch({}, {"up/evil.py": b"x = 1\n"}).replace("up/evil.py", "../evil.py"),
    ],
    ids=["other code", "broken hunk", "prose", "header only", "leaves the tree"],
)
def test_a_patch_that_does_not_apply_is_scored_as_unpatched(grade, patch):
    """What is no applicable diff is patch_failed with the reason: HFS, public rate and Overall are 0."""
    graded = grade(patch)
    scores = graded["scores"]
    assert (scores.verdict, scores.hfs, scores.public_rate, scores.overall) == ("patch_failed", 0.0, 0.0, 0.0)
    assert graded["reason"]


def test_a_crlf_file_takes_a_crlf_patch(grade):
    """Line ends are bytes like any others: a right patch for a CRLF file is resolved."""
    buggy, fixed = (text.replace(b"\n", b"\r\n") for text in (BUGGY, FIXED))
    graded = grade(make_patch({"tiny.py": buggy}, {"tiny.py": fixed}), buggy=buggy, fixed=fixed)
    assert graded["scores"].verdict == "resolved"


ATTACKS = {
    "edits the tests": _patch({"tiny.py": BUGGY, "tests/test_tiny.py": b"def test_add(): pass\n"}),
    "deletes the tests": _patch({"tiny.py": BUGGY}),
    "conftest in tests": make_patch({}, {"tests/conftest.py": FORGED}),
    "conftest at the root": make_patch({}, {"conftest.py": FORGED}),
    "pytest.ini with a plugin": make_patch({}, {"pytest.ini": b"[pytest]\naddopts = -p forged\n", "forged.py": FORGED}),
    "tox.ini with a plugin": make_patch({}, {"tox.ini": b"[pytest]\npython_functions = nothing\n"}),
    "sitecustomize": make_patch({}, {"sitecustomize.py": b"import os\nos.environ['PYTEST_PLUGINS'] = 'forged'\n",
                                     "forged.py": FORGED}),
    "entry point": make_patch({}, {"forged.py": FORGED, "f-1.dist-info/METADATA": b"Name: f\nVersion: 1\n",
                                   "f-1.dist-info/entry_points.txt": b"[pytest11]\nforged = forged\n"}),
    "another prefix": make_patch({}, {"conftest.py": FORGED}).replace("b/", "other/").replace("a/", "some/"),
    "an octal name": _added('--- /dev/null\n+++ "b/\\143onftest.py"', FORGED),
    "a second file behind a hunk": make_patch({"tiny.py": BUGGY}, {"tiny.py": BUGGY + b"# more\n"})
    + _added("--- /dev/null\n+++ b/conftest.py", FORGED),
    "a binary file with another prefix": _as_binary("diff --git x/conftest.py y/conftest.py", FORGED),
    "a binary file with a quoted name": _as_binary('diff --git "a/\\143onftest.py" "b/\\143onftest.py"', FORGED),
    "a linked conftest": make_patch({}, {"forged.py": FORGED})
    + _added('diff --git "a/\\143onftest.py" "b/\\143onftest.py"\nnew file mode 120000\n--- /dev/null\n'
             '+++ "b/\\143onftest.py"', b"forged.py") + "\\ No newline at end of file\n",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("attack", ATTACKS)
def test_what_steers_the_tests_never_reaches_them(grade, attack):
    """A candidate that changes, removes or steers the tests instead of the code resolves nothing it did not mend."""
    graded = grade(ATTACKS[attack])
    assert graded["scores"].verdict in {"unresolved", "patch_failed"}
    assert graded["scores"].hfs == 0.0
    assert [t for t in FAIL_TO_PASS if _outcomes(graded)[t] == "passed"] == []


@pytest.mark.slow
@pytest.mark.parametrize("attack", ATTACKS)
def test_what_steers_the_tests_does_not_spoil_the_right_patch(grade, attack):
    """The same files beside a right patch are dropped, and the right patch counts."""
    mended = ATTACKS[attack].replace("--- a/tiny.py\n+++ b/tiny.py", "--- a/README.md\n+++ b/README.md")
    if "README" in mended or "tiny.py b/tiny.py" in mended.split("tests/")[0]:
        pytest.skip("this attack rides on tiny.py itself")
    graded = grade(RIGHT + mended)
    assert graded["scores"].verdict == "resolved"


def test_dropped_parts_are_recorded(grade):
    """The protected files that a patch touches stand in its grade by name, quoted or obfuscated names too."""
    assert grade(ATTACKS["edits the tests"])["dropped"] == ["tests/test_tiny.py"]
    assert grade(ATTACKS["an octal name"])["dropped"] == ["conftest.py"]


@pytest.mark.parametrize(
    "code",
    [b"import os\nos._exit(0)\n", b"raise SystemExit(0)\n", b"import os\nos.kill(os.getpid(), 9)\n"],
    ids=["_exit", "SystemExit", "SIGKILL"],
)
def test_code_that_ends_the_test_run_fails_every_listed_test(grade, code):
    """A candidate that ends the process at import passes nothing: every listed test is missing, with a reason."""
    graded = grade(make_patch({"tiny.py": BUGGY}, {"tiny.py": code + FIXED}))
    assert graded["scores"].verdict == "unresolved"
    assert set(_outcomes(graded).values()) == {Outcome.MISSING}
    assert graded["reason"]


@pytest.mark.slow
def test_an_endless_loop_times_out(grade):
    """What never ends is cut: the tests that did not finish timed out, and the grade says that a clock decided it."""
    looping = FIXED.replace(b"return a + b", b"while a != 7 or b != 7: pass")
    graded = grade(make_patch({"tiny.py": BUGGY}, {"tiny.py": looping}), timeout_s=6.0)
    outcomes = _outcomes(graded)
    assert graded["was_cut"]
    assert outcomes[PASS_TO_PASS[0]] == "passed"
    assert outcomes[FAIL_TO_PASS[0]] == "timeout"
    assert graded["scores"].verdict == "unresolved"


def test_code_that_deletes_the_tests_at_import_resolves_nothing(grade):
    """A candidate whose code removes the test folder when it is imported passes no failing test."""
    code = b"import pathlib, shutil\nshutil.rmtree(pathlib.Path(__file__).with_name('tests'))\n"
    graded = grade(make_patch({"tiny.py": BUGGY}, {"tiny.py": code + BUGGY}))
    assert graded["scores"].verdict == "unresolved"
    assert not [t for t in FAIL_TO_PASS if _outcomes(graded)[t] == "passed"]


def test_a_patch_in_the_way_of_the_tests_is_its_own_failure(grade):
    """A patch that puts a file where the tests' folder belongs is patch_failed, and no failure of the machine."""
    moved = make_patch({"tests/test_tiny.py": OLD_TESTS}, {}).replace("tests/", "\\164ests/")
    quoted = moved.replace("a/\\164ests/test_tiny.py", '"a/\\164ests/\\164est_tiny.py"')
    graded = grade(quoted + make_patch({}, {"tests": b"a file\n"}))
    assert graded["scores"].verdict in {"patch_failed", "unresolved"}


def test_a_new_test_file_of_the_reference_is_no_secret_door(grade):
    """The hidden tests are those of the test patch even where the candidate brings a file of the same name."""
    hidden = make_patch({}, {"tests/test_new.py": NEW_TESTS})
    graded = grade(make_patch({}, {"tests/test_new.py": b"def test_add(): pass\n"}), test_patch=hidden)
    assert graded["dropped"] == ["tests/test_new.py"]
