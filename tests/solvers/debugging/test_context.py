from __future__ import annotations

import pytest

from bugladder.records import BugladderError
from bugladder.records.paths import PathRules
from bugladder.solvers.debugging.context import ContextLimits, select, size, tree_listing
from bugladder.solvers.debugging.lookups import opened, searched
from bugladder.solvers.debugging.mentions import mentions
from bugladder.solvers.debugging.replies import Opening
from bugladder.solvers.debugging.repository import Repository, symbols_of
from bugladder.solvers.debugging.retrieval import Index, words

PARSER = '''"""Parsing."""
import re


class HeaderParser:
    """Reads headers."""

    limit = 3

    # what a header may hold
    @property
    def charset(self):
        return re.match("x", self.text)

    def fold_line(self, line):
        return line.strip()


def unrelated():
    pass
'''
FILES = {
    "src/mail/parser.py": PARSER.encode(),
    "src/mail/sender.py": b"def send(message):\n    return message\n",
    "src/mail/broken.py": b"def (:\n",
    "tests/test_parser.py": b"from mail.parser import HeaderParser\n",
    "docs/guide.md": b"# fold_line\n",
    "logo.png": b"\x89PNG\0",
    "latin.py": "x = '\u00e9'\n".encode("latin-1"),
}


@pytest.fixture
def repository():
    """A small repository."""
    return Repository.of(FILES, PathRules())


def test_only_text_is_read(repository):
    """Binary files and what is no UTF-8 are in no excerpt and no search."""
    assert sorted(set(FILES) - set(repository.texts)) == ["latin.py", "logo.png"]


def test_spans_cover_a_file_without_gap():
    """Functions with their decorators and comments, and the runs between them, give every line once."""
    spans = symbols_of("p.py", PARSER)
    assert [line for s in spans for line in range(s.first, s.last + 1)] == list(range(1, PARSER.count("\n") + 1))
    named = {s.name: (s.first, s.last) for s in spans if s.is_function}
    assert named == {"HeaderParser.charset": (10, 13), "HeaderParser.fold_line": (15, 16), "unrelated": (19, 20)}


def test_names_are_split_as_code_is():
    """A word finds the camel and snake parts of a name."""
    assert words("HeaderParser.fold_line2") == ["headerparser", "header", "parser", "fold_line2", "fold", "line"]


@pytest.mark.parametrize(
    "issue",
    [
        "Folding a long header line breaks",
        "`fold_line` is wrong",
        'File "/usr/lib/mail/parser.py", line 16, in fold_line',
        "mail.parser.HeaderParser loses the charset",
    ],
)
def test_the_file_spoken_of_comes_first(repository, issue):
    """Words, names, traces and dotted names lead to their file."""
    found = select(repository, Index.of(repository), {issue: 1.0}, ContextLimits(files=1))
    assert [e.path for e in found] == ["src/mail/parser.py"]


def test_a_large_file_is_shown_in_parts(repository):
    """Of a file beyond the bound the best spans that fit are shown, exactly as they stand."""
    limits = ContextLimits(whole_file_bytes=10, file_bytes=120)
    found = select(repository, Index.of(repository), {"`fold_line` breaks": 1.0}, limits)
    best = next(e for e in found if e.first <= 15 <= e.last)
    assert best.text in PARSER
    assert best.total == 20
    assert sum(size(e.text) for e in found if e.path == best.path) <= 120


def test_the_context_is_bounded(repository):
    """No more than `code_bytes` is shown, and nothing for a text that shares no word with the code."""
    everything = {" ".join(FILES) + PARSER: 1.0}
    for room in (1, 50, 400):
        found = select(repository, Index.of(repository), everything, ContextLimits(code_bytes=room))
        assert sum(size(e.text) for e in found) <= room
    assert select(repository, Index.of(repository), {"zzz": 1.0}, ContextLimits()) == []
    assert select(repository, Index.of(repository), {"": 1.0}, ContextLimits()) == []


def test_an_empty_repository_has_an_empty_context():
    """A tree without sources is no error."""
    empty = Repository.of({}, PathRules())
    assert select(empty, Index.of(empty), {"a word": 1.0}, ContextLimits()) == []


def test_what_a_trace_names_twice_is_not_guessed(repository):
    """A file name that two files have is none of them."""
    twice = Repository.of({"a/util.py": b"", "b/util.py": b""}, PathRules())
    assert mentions("util.py:3", twice).files == frozenset()
    assert mentions("b/util.py:3", twice).lines == {("b/util.py", 3)}


def test_the_tree_is_bounded_and_says_what_is_left_out():
    """Beyond the bound files are counted by folder."""
    listing = tree_listing([f"deep/a{n}.py" for n in range(5)] + ["top.py"], ContextLimits(tree_entries=3))
    assert listing == ["deep/a0.py", "deep/a1.py", "top.py", "deep/ ... 3 more files"]


def test_opened_lines_are_cut_to_what_is_there(repository):
    """Lines beyond a file's ends, unknown files and too much at once are answered in bounds."""
    wishes = [
        Opening(file="src/mail/sender.py", first_line=-5, last_line=99),
        Opening(file="src/mail/parsers.py", first_line=1, last_line=2),
        Opening(file="logo.png", first_line=1, last_line=2),
        Opening(file="src/mail/parser.py", first_line=1, last_line=0),
    ]
    shown, notes = opened(repository, wishes, ContextLimits(request_bytes=120))
    assert [(e.path, e.first, e.last) for e in shown] == [("src/mail/sender.py", 1, 2), ("src/mail/parser.py", 1, 7)]
    assert "did you mean src/mail/parser.py" in notes[0]
    assert "no text file" in notes[1]


def test_a_search_gives_lines_or_the_nearest(repository):
    """A text that stands somewhere gives its lines, sources first; one that does not gives the nearest functions."""
    found = searched(repository, Index.of(repository), ["fold_line", "fold the line"], ContextLimits())
    assert found[1:3] == ["src/mail/parser.py:15: def fold_line(self, line):", "docs/guide.md:1: # fold_line"]
    assert "in no file" in found[3]
    assert "HeaderParser.fold_line" in found[3]
    assert len(searched(repository, Index.of(repository), ["e"], ContextLimits(search_hits=4))) == 5


def test_halved_limits_stay_limits():
    """Halving reduces bytes again and again without reaching nothing; a bound of nothing is refused."""
    limits = ContextLimits()
    for _ in range(30):
        limits = limits.halved()
    assert limits.code_bytes == 1
    assert limits.files == ContextLimits().files
    with pytest.raises(BugladderError, match="files is 0"):
        ContextLimits(files=0)
