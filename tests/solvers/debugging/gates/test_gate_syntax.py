from __future__ import annotations

import pytest
from proposals import code_findings, proposal

from bugladder.solvers.debugging.gates import GateLimits, check


def findings(path, before, after):
    """What G5 finds in an edit of one file."""
    return check(proposal({path: before}, {path: after}), GateLimits(), ("G5",))


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ("def f(:\n    pass\n", "line 1: the file does not parse"),
        ("def f():\nreturn 1\n", "line 2: the file does not parse"),
        ("```python\nx = 1\n```\n", "line 1: a markdown fence"),
        ("x = 1\n| a | b |\n|---|---|\n", "line 2: a row of a table"),
        ("Here is the fixed function:\n\nx = 1\n", "line 1: prose"),
        ("<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE\n", "line 1: a mark of an edit"),
        ("x = 1\0\n", "line 1: the file does not parse"),
        ("(" * 500 + ")" * 500 + "\n", "line 1: the file does not parse"),
        ("x = " + "-" * 2000 + "1\n", "line 1: the file does not parse"),
    ],
)
def test_what_does_not_parse_is_blocked_with_its_line(after, words):
    """Broken Python is blocked; where parts of a reply were pasted, the sentence says so rather than how it failed."""
    (finding,) = code_findings("x = 1\n", after, "G5")
    assert finding.severity == "block"
    assert finding.sentence.startswith(f"src/m.py, {words}")


def test_fences_and_tables_inside_strings_are_code():
    """Docstrings and comments may hold what prose holds."""
    text = '"""Here is the table:\n\n```\n| a | b |\n```\n"""\n# Here is why:\n'
    assert code_findings("", text, "G5") == ()


def test_a_file_that_never_parsed_may_be_edited():
    """Templates and another version's syntax say nothing about the edit; other encodings are read as declared."""
    assert code_findings("print 'a'\n", "print 'b'\n", "G5") == ()
    latin = "# -*- coding: latin-1 -*-\nx = 'ä'\n".encode("latin-1")
    assert code_findings("", latin, "G5") == ()


@pytest.mark.parametrize(
    ("path", "before", "after", "is_blocked"),
    [
        ("data.json", '{"a": 1}', '{"a": 1,}', True),
        ("data.json", "// with comments\n{}", "// with comments\n{1}", False),
        ("pyproject.toml", "a = 1\r\n", "a = 1\r\nb =\r\n", True),
        ("pyproject.toml", "a = 1\r\n", "a = 1\r\nb = 2\r\n", False),
        ("setup.cfg", "[a]\n", "[a]\n```\n", True),
        ("src/fast.pyx", "cdef int a\n", "Here is the new code:\ncdef int b\n", True),
        ("README.md", "", "```\ncode\n```\n| a | b |\n", False),
        ("docs/a.rst", "", "Here is the table:\n", False),
        ("grammar.txt", "", "| a |\n", False),
        ("setup.cfg", "```\n", "```\n```\n", False),
    ],
)
def test_other_text_files_are_held_to_their_own_language(path, before, after, is_blocked):
    """JSON and TOML must go on parsing, code and settings take no fences or prose, and documents may hold both."""
    assert bool(findings(path, before, after)) is is_blocked


def test_a_deleted_file_parses():
    """Taking a file away leaves nothing to parse."""
    assert code_findings("x = 1\n", None, "G5") == ()
