from __future__ import annotations

from proposals import code_findings

BLOCK = """    total = 0
    for item in items:
        if item > 0:
            total += item
    return total
"""
BASE = f"def positive(items):\n{BLOCK}\n\ndef other():\n    return 1\n"


def test_a_block_pasted_again_is_found_where_it_was_inserted():
    """Five statements copied under another name are blocked, with the lines of the copy and of the original."""
    (finding,) = code_findings(BASE, f"{BASE}\n\ndef again(items):\n{BLOCK}", "G2")
    assert finding.severity == "block"
    assert "src/m.py, lines 14 to 18" in finding.sentence
    assert "(line 2)" in finding.sentence


def test_blanks_and_comments_hide_no_repetition():
    """The copy is compared as a syntax tree: other indentation, comments and line breaks make it no new code."""
    copy = BLOCK.replace("item > 0:", "(item\n                > 0):  # copied").replace("    ", "      ")
    assert code_findings(BASE, f"{BASE}\n\ndef again(items):\n{copy}", "G2")


def test_a_moved_block_is_no_repetition():
    """A block that leaves its old place, or that is wrapped in an if, stands once afterwards."""
    assert code_findings(BASE, f"def other():\n    return 1\n\n\ndef positive(items):\n{BLOCK}", "G2") == ()
    wrapped = "".join(f"    {line}\n" for line in BLOCK.splitlines())
    assert code_findings(BASE, f"def positive(items):\n    if items:\n{wrapped}    return 0\n", "G2") == ()


def test_small_likenesses_are_allowed():
    """Fewer statements than the limit may be repeated, and the limit can be set."""
    base = "def f(a):\n    b = a + 1\n    c = b * 2\n    return c\n"
    after = f"{base}\n\ndef g(a):\n    b = a + 1\n    c = b * 2\n    return c\n"
    assert code_findings(base, after, "G2") == ()
    assert code_findings(base, after, "G2", repeated_statements=3)


def test_what_was_repeated_before_is_not_held_against_an_edit():
    """A file whose code already stands twice may be edited elsewhere."""
    twice = f"{BASE}\n\ndef again(items):\n{BLOCK}"
    assert code_findings(twice, twice.replace("return 1", "return 2"), "G2") == ()


def test_equal_looking_constants_are_different_code():
    """1, 1.0 and True are equal numbers and different code."""
    base = "def f():\n    a = 1\n    b = 1\n    c = 1\n    d = 1\n    return a\n"
    for other in ("True", "1.0"):
        assert code_findings(base, base + base.replace("f()", "g()").replace("= 1", f"= {other}"), "G2") == ()
    assert code_findings(base, base + base.replace("f()", "g()"), "G2")


def test_one_finding_for_one_copy():
    """A long copy gives one sentence, not one for each place where it could begin."""
    body = "".join(f"    x{n} = {n}\n" for n in range(40))
    assert len(code_findings(f"def f():\n{body}", f"def f():\n{body}\n\ndef g():\n{body}", "G2")) == 1
