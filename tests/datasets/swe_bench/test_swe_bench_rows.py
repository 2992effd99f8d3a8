import pytest
from swe_bench_rows import PATCH, classic, newer

from bugladder.datasets.swe_bench.rows import checked_rows, content_digest
from bugladder.records import BugladderError


def test_both_schemas_give_the_same_kind_of_row():
    """Lists of tests are read from JSON text or from lists; ids stay verbatim, cut ones too."""
    old, new = checked_rows([classic(), newer(instance_id="sympy__sympy-2")], "lite.json")
    assert old.fail_to_pass == ("test_add", "test_sub[a b]")
    assert new.fail_to_pass == ("tests/test_secret.py::test_add",)
    assert (old.patch, old.version, old.created_at) == (PATCH, "1.6", "2023-01-02T03:04:05Z")
    assert (old.image, old.parser, old.env) == (None, None, ())
    assert (new.image, new.parser) == ("registry.example/one:latest", "parse_log_pytest")
    assert new.env == (("LANG", "en_US.UTF-8"), ("LC_ALL", "C.UTF-8"))


def test_hints_and_the_test_script_are_dropped_on_reading():
    """Neither the hints nor the newer schema's script, which holds the test patch, is anywhere in a row but there."""
    (row,) = checked_rows([newer(test_patch="diff of nothing")], "lite.json")
    assert "the secret of the hints" not in repr(row)
    assert "test_add():" not in repr(row)


@pytest.mark.parametrize(
    "column",
    ["repo", "base_commit", "patch", "test_patch", "problem_statement", "version", "created_at", "FAIL_TO_PASS",
     "PASS_TO_PASS"],
)  # fmt: skip
def test_a_missing_column_is_an_error_with_the_id(column):
    """A column that is absent or null is named, with the instance."""
    for row in ({k: v for k, v in classic().items() if k != column}, classic(**{column: None})):
        with pytest.raises(BugladderError, match=rf"lite\.json: sympy__sympy-1: column '{column}' is missing"):
            checked_rows([row], "lite.json")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"FAIL_TO_PASS": "['a']"}, "sympy__sympy-1: FAIL_TO_PASS is no JSON list of test ids"),
        ({"PASS_TO_PASS": '"a"'}, "sympy__sympy-1: PASS_TO_PASS should be a list of test ids"),
        ({"FAIL_TO_PASS": "[1]"}, "sympy__sympy-1: FAIL_TO_PASS should be a list of test ids"),
        ({"FAIL_TO_PASS": "[]"}, "sympy__sympy-1: FAIL_TO_PASS is empty"),
        ({"base_commit": "main"}, "sympy__sympy-1: base_commit should be a full commit hash, got 'main'"),
        ({"instance_id": "../up"}, "instance_id should be made of letters"),
        ({"instance_id": ""}, "row 1: instance_id should be made of letters"),
        ({"instance_id": None}, "row 1: column 'instance_id' is missing"),
        ({"repo": "sympy"}, "sympy__sympy-1: repo should be owner/name, got 'sympy'"),
        ({"patch": 7}, "sympy__sympy-1: column 'patch' should be text, got '7'"),
        ({"created_at": 7}, "sympy__sympy-1: column 'created_at' should be an ISO 8601 time"),
        ({"log_parser": "parse_log_odd"}, "sympy__sympy-1: log parser 'parse_log_odd' is unknown; known: parse"),
        ({"eval_type": "fail_only"}, "sympy__sympy-1: eval_type 'fail_only' cannot be graded here"),
    ],
)  # fmt: skip
def test_a_row_that_is_none_is_an_error_with_the_id(values, words):
    """What a row gets wrong is said in one line with its id, or its number where it has no id."""
    with pytest.raises(BugladderError, match=words) as caught:
        checked_rows([classic(**values)], "lite.json")
    assert "\n" not in str(caught.value)


def test_a_duplicate_id_is_an_error_with_the_id():
    """An id that stands twice is named, with how often."""
    with pytest.raises(BugladderError, match="sympy__sympy-1: duplicate id, it stands 2 times"):
        checked_rows([classic(), classic(version="1.7")], "lite.json")


@pytest.mark.parametrize(("raw", "words"), [([], "no rows"), (["x"], "row 1 should be a mapping")])
def test_a_file_of_something_else_is_an_error(raw, words):
    """An empty file, or one of other things than rows, is said to be so."""
    with pytest.raises(BugladderError, match=words):
        checked_rows(raw, "lite.json")


def test_the_content_digest_is_of_what_rows_say():
    """Order and hints do not change it; a byte of a patch, and another list of tests, do."""
    one, two = classic(), classic(instance_id="sympy__sympy-2")
    whole = content_digest(checked_rows([one, two], "a"))
    assert content_digest(checked_rows([two, {**one, "hints_text": ""}], "b")) == whole
    assert content_digest(checked_rows([one, {**two, "patch": PATCH + "\n"}], "a")) != whole
    assert content_digest(checked_rows([one, {**two, "PASS_TO_PASS": '["x"]'}], "a")) != whole
