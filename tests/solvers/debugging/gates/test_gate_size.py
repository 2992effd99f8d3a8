from __future__ import annotations

from proposals import code_findings, own_test_findings, proposal

from bugladder.solvers.debugging.gates import GateLimits, check


def numbered(count):
    """That many different lines."""
    return "".join(f"x{n} = {n}\n" for n in range(count))


def test_a_patch_is_measured_in_bytes_of_the_diff():
    """A patch of exactly the limit passes, and one byte more is blocked with both numbers in the sentence."""
    made = proposal({"m.py": "a = 1\n"}, {"m.py": "a = 'ä'\n"})
    size = len(made.patch.encode())
    assert check(made, GateLimits(patch_bytes=size), ("G1",)) == ()
    (finding,) = check(made, GateLimits(patch_bytes=size - 1), ("G1",))
    assert (finding.gate, finding.severity) == ("G1", "block")
    assert f"{size} bytes" in finding.sentence
    assert f"{size - 1}" in finding.sentence


def test_the_default_patch_size_lets_more_than_two_kilobytes_pass():
    """A patch of 4 KB passes by default, one of 9 KB does not."""
    assert code_findings("", "# " + "x" * 4000 + "\n", "G1") == ()
    assert code_findings("", "# " + "x" * 9000 + "\n", "G1")


def test_the_patch_size_is_a_limit_of_code():
    """New tests are bounded by their insertions, not by the bytes of a patch."""
    assert own_test_findings("# " + "x" * 9000 + "\n", "G1") == ()


def test_an_insertion_is_a_contiguous_run_of_added_lines():
    """61 added lines in a row are blocked and named by their first line; 60, or 61 in two places, pass."""
    base = "first = 0\n\nlast = 0\n"
    (finding,) = code_findings(base, "first = 0\n" + numbered(61) + "\nlast = 0\n", "G3")
    assert finding.sentence.startswith("src/m.py, line 2: 61 lines")
    assert code_findings(base, "first = 0\n" + numbered(60) + "\nlast = 0\n", "G3") == ()
    apart = "first = 0\n" + numbered(31) + "\nlast = 0\n" + "".join(f"y{n} = {n}\n" for n in range(30))
    assert code_findings(base, apart, "G3") == ()


def test_tests_may_be_longer_than_code():
    """A new test file of 200 lines passes and one of 201 does not."""
    assert own_test_findings(numbered(200), "G3") == ()
    assert [f.gate for f in own_test_findings(numbered(201), "G3")] == ["G3"]


def test_a_deletion_is_no_insertion():
    """Taking away a hundred lines inserts none, and neither does deleting the file."""
    assert code_findings(numbered(100), "x = 1\n", "G3") == ()
    assert code_findings(numbered(100), None, "G3") == ()
