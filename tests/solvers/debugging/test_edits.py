from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bugladder.solvers.debugging.edits import Edit, EditError, apply_script, apply_whole

READ = {
    "src/m.py": "def f(a):\n    return a\n\n\ndef g(a):\n    return a + 1\n",
    "src/pkg/other.py": "x = 1\n",
    "src/pkg/__init__.py": "",
}


def apply_one(search, replacement, text, path="m.py"):
    """The text of a file after one edit of it."""
    return apply_script([Edit(path, search, replacement)], {path: text})[path]


def test_edits_of_several_files_are_made_in_order():
    """Each edit sees what the edits before it left; only files whose text differs come back."""
    made = apply_script(
        [
            Edit("src/m.py", "return a + 1", "return b"),
            Edit("src/pkg/other.py", "x = 1", "x = 2"),
            Edit("src/m.py", "return b", "return a + 2"),
        ],
        READ,
    )
    assert made == {
        "src/m.py": "def f(a):\n    return a\n\n\ndef g(a):\n    return a + 2\n",
        "src/pkg/other.py": "x = 2\n",
    }


def test_insertion_deletion_and_new_file_are_special_cases():
    """Search kept in the replacement inserts, an empty replacement deletes, an empty search creates."""
    assert apply_one("b\n", "b\nc\n", "a\nb\nd\n") == "a\nb\nc\nd\n"
    assert apply_one("b\n", "", "a\nb\nd\n") == "a\nd\n"
    assert apply_script([Edit("src/new.py", "", "y = 1\n")], READ) == {"src/new.py": "y = 1\n"}
    assert apply_script([Edit("src/pkg/__init__.py", "", "y = 1\n")], READ) == {"src/pkg/__init__.py": "y = 1\n"}
    created = [Edit("src/new.py", "", "y = 1\n"), Edit("src/new.py", "1", "2")]
    assert apply_script(created, READ) == {"src/new.py": "y = 2\n"}


def test_a_script_that_fails_changes_nothing():
    """The files that were read stay as they are when the second edit cannot be made."""
    read = dict(READ)
    with pytest.raises(EditError):
        apply_script([Edit("src/m.py", "return a + 1", "return b"), Edit("src/m.py", "absent", "x")], read)
    assert read == READ


def test_a_text_that_stands_several_times_is_refused_with_its_lines():
    """The search text must stand exactly once, overlapping places counted."""
    with pytest.raises(EditError, match=r"src/m.py: the search text stands 2 times \(lines 2, 6\)"):
        apply_script([Edit("src/m.py", "    return a", "    return b")], READ)
    with pytest.raises(EditError, match="2 times"):
        apply_one("aba", "x", "ababa\n")


def test_a_text_that_stands_nowhere_is_refused_with_the_closest_place():
    """The model is told the line that is most like what it searched for, and how it differs."""
    with pytest.raises(EditError, match=r"Line 6 differs only in blanks: it is '    return a \+ 1'"):
        apply_script([Edit("src/m.py", "def g(a):\n  return a + 1", "x")], READ)
    with pytest.raises(EditError, match=r"begins at line 5; line 6 is 'return a \+ 1', and 'return a \+ 3' was"):
        apply_script([Edit("src/m.py", "def g(a):\n    return a + 3", "x")], READ)
    with pytest.raises(EditError, match=r"The closest line is 6: 'return a \+ 1'"):
        apply_script([Edit("src/m.py", "return a + 11", "x")], READ)
    with pytest.raises(EditError, match="No line of the file is like it"):
        apply_script([Edit("src/m.py", "completely different words", "x")], READ)


def test_a_text_that_an_edit_before_took_away_is_told_apart():
    """An edit that searches for what the one before it changed is refused with that reason."""
    with pytest.raises(EditError, match="an edit before this one changed the text"):
        apply_script([Edit("src/m.py", "return a + 1", "return b"), Edit("src/m.py", "a + 1", "c")], READ)


def test_an_unknown_file_is_refused_with_similar_names():
    """The same name in another folder comes first, then similar paths; else the tree is pointed to."""
    with pytest.raises(EditError, match=r"did you mean src/pkg/other.py\?"):
        apply_script([Edit("lib/other.py", "x", "y")], READ)
    with pytest.raises(EditError, match=r"did you mean src/m.py"):
        apply_script([Edit("src/n.py", "x", "y")], READ)
    with pytest.raises(EditError, match="name a file of the repository's tree"):
        apply_script([Edit("zzz", "x", "y")], READ)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd", "../m.py", "src/../../m.py", "src/../m.py", ".git/config", "src/.GIT/hooks/x", "", ".", "src/",
        "a\0b", "a\nb", "src\\m.py", "a" * 256, "a/" * 600 + "b", "\ud800.py",
    ],
)  # fmt: skip
def test_paths_outside_the_repository_are_refused(path):
    """Absolute paths, '..', git's own folder, folders and names that no file can have are refused in words."""
    for search in ("", "x"):
        with pytest.raises(EditError):
            apply_script([Edit(path, search, "y")], {**READ, path: "x"})
    with pytest.raises(EditError):
        apply_whole({path: "y"}, READ)


def test_a_path_may_be_written_with_a_dot():
    """./src/m.py is src/m.py."""
    assert apply_script([Edit("./src//m.py", "+ 1", "+ 2")], READ).keys() == {"src/m.py"}


def test_a_new_file_needs_a_free_place():
    """No file is created over a file, a link, a folder, or below what is no folder."""
    with pytest.raises(EditError, match="is there and not empty"):
        apply_script([Edit("src/m.py", "", "x")], READ)
    for path, words in [
        ("src/link.py", "is there and is no text file"),
        ("src/pkg", "is a folder"),
        ("src/m.py/new.py", "src/m.py is no folder"),
        ("src/linked/new.py", "src/linked is no folder"),
    ]:
        with pytest.raises(EditError, match=words):
            apply_script([Edit(path, "", "x")], READ, taken={"src/link.py", "src/linked"})
        with pytest.raises(EditError, match=words):
            apply_whole({path: "x"}, READ, taken={"src/link.py", "src/linked"})


def test_a_script_that_changes_nothing_is_refused():
    """No edits, or edits that undo each other, are no answer."""
    undone = [Edit("src/m.py", "+ 1", "+ 2"), Edit("src/m.py", "+ 2", "+ 1")]
    for edits in ([], [Edit("src/m.py", "+ 1", "+ 1")], undone):
        with pytest.raises(EditError, match="change nothing"):
            apply_script(edits, READ)
    with pytest.raises(EditError, match="change nothing"):
        apply_whole({"src/m.py": READ["src/m.py"]}, READ)


def test_half_a_character_is_refused():
    """A lone surrogate in a reply cannot be written to any file."""
    with pytest.raises(EditError, match="no file can hold"):
        apply_one("a", "\ud800", "a\n")


def test_line_ends_stay_those_of_the_file():
    r"""A model writes "\n": CRLF files are matched all the same and keep their ends, mixed files keep every line's."""
    assert apply_one("a\nb\n", "a\nc\nb\n", "x\r\na\r\nb\r\ny") == "x\r\na\r\nc\r\nb\r\ny"
    assert apply_one("a\r\nb", "c\r\nd", "a\nb\n") == "c\nd\n"
    assert apply_one("b", "c\nd", "a\r\nb\nc\r\n") == "a\r\nc\r\nd\nc\r\n"
    assert apply_one("\nb", "\nc", "a\r\nb\r\n") == "a\r\nc\r\n"
    assert apply_one("a\n", "", "a\r\nb\n") == "b\n"
    assert apply_whole({"m.py": "a\nc\n"}, {"m.py": "a\r\nb\r\n"}) == {"m.py": "a\r\nc\r\n"}


def test_ends_tabs_and_marks_stay():
    """A missing newline at the end, tabs, form feeds, a byte order mark and wide characters are kept."""
    assert apply_one("b", "c", "a\nb") == "a\nc"
    assert apply_one("\tb", "\tc", "if a:\n\tb\n\x0c\n") == "if a:\n\tc\n\x0c\n"
    assert apply_one("ß", "ẞ", "\ufeffa\u2028ß\n🐛\n") == "\ufeffa\u2028ẞ\n🐛\n"
    assert apply_whole({"m.py": "b\n"}, {"m.py": "\ufeffa\n"}) == {"m.py": "\ufeffb\n"}


def test_whole_files_replace_and_create():
    """Whole texts take the place of old ones, and files not named stay out."""
    assert apply_whole({"./src/m.py": "a = 1\n", "b.py": "b"}, READ) == {"src/m.py": "a = 1\n", "b.py": "b"}


LINES = st.lists(st.text(st.sampled_from("ab \té\r"), max_size=4), min_size=1, max_size=8)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(LINES, st.lists(st.sampled_from(["\n", "\r\n"]), min_size=8, max_size=8), st.data())
def test_whatever_stands_once_is_replaced_and_nothing_else_moves(lines, ends, data):
    """In any file, one match is replaced where it stands, several are refused, and the rest keeps its bytes."""
    text = "".join(line + end for line, end in zip(lines, ends, strict=False))
    plain = text.replace("\r\n", "\n")
    start = data.draw(st.integers(0, len(plain) - 1))
    search = plain[start : data.draw(st.integers(start + 1, len(plain)))].replace("\r\n", "\n")
    count = sum(plain.startswith(search, n) for n in range(len(plain)))
    if count != 1:
        with pytest.raises(EditError):
            apply_one(search, "NEW", text)
        return
    after = apply_one(search, "NEW", text)
    head, tail = after.split("NEW")
    at = plain.index(search)
    assert text.startswith(head)
    assert text.endswith(tail)
    assert head.replace("\r\n", "\n") == plain[:at]
    assert tail.replace("\r\n", "\n") == plain[at + len(search) :]


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.text(max_size=40), st.text(min_size=1, max_size=20), st.text(max_size=20))
def test_any_script_ends_in_files_or_in_words(text, search, replacement):
    """Whatever text, search and replacement are, the answer is another text or one line of words."""
    made, words = {}, ""
    try:
        made = apply_script([Edit("m.py", search, replacement)], {"m.py": text})
    except EditError as error:
        words = str(error)
    assert made.get("m.py", text) != text or words
    assert "\n" not in words
