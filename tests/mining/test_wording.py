import pytest

from bugladder.mining.wording import objection


@pytest.mark.parametrize(
    ("entry", "version"),
    [
        ("- Fix reported line number for type comment errors", "2.1.1"),
        ("Preserve timezone offsets in strftime time-only results", "1.22.3"),
        ("Features:\n- Add a thing.\n\nBug fixes:\n- Fix the parsing of a fragment.", "4.3.1"),
        ("- Fixed mangling of words that end in ss", "26.1.0"),
        ("- Fixed mangling of words that are supported", "26.1"),
    ],
)
def test_a_fix_is_an_issue_text(entry, version):
    """An entry that names a fix, or what a patch release does better, is taken."""
    assert objection(entry, version) == ""


@pytest.mark.parametrize(
    ("entry", "version", "words"),
    [
        ("- Various small bugfixes", "0.8.1", "says too little"),
        ("- Add basic support for Python 3.13 and later", "0.8.4", "additions rather than of a fix"),
        ("- Fix a crash in the parser.\n- Add an option for it.", "2.7.0", "additions rather than of a fix"),
        ("- Fix a crash in the parser.\n- New option for all of it.", "2.7", "additions rather than of a fix"),
    ],
)
def test_what_adds_or_says_nothing_is_no_issue_text(entry, version, words):
    """Too few words, additions without a fix, and additions of a feature release are refused with the reason."""
    assert words in objection(entry, version)
