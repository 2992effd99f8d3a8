import pytest

from bugladder.datasets.changelog import changelog_entry

RST = b"""\
Changelog
=========

Version 1.2.0
-------------

Released 2024-05-01

- Fix ``load`` losing the last line. :issue:`12`
- Since 1.1.0 nothing else.

Version 1.1.0
-------------

Released 2024-01-01

- First.
"""
MARKDOWN = b"""\
# Changelog

## [Unreleased]

## [1.2.0] - 2024-05-01

### Fixed

- Fix `load` losing the last line.

## [1.1.0] - 2024-01-01

### Added

- First.

[1.2.0]: https://example.org/1.2.0
"""
BULLETS = b"""\
The library
===========

Version history
---------------

- 1.2.0 Fix the loss of the last line (thanks @someone)
- 1.1.0 Say hello to the world (thanks @another)
"""


def test_a_section_is_cut_at_the_next_version():
    """An underlined heading's section ends at the next heading; heading, underline and date stay out."""
    assert changelog_entry({}, {"CHANGES.rst": RST}, "1.2.0") == (
        "- Fix ``load`` losing the last line. :issue:`12`\n- Since 1.1.0 nothing else."
    )


def test_a_markdown_section_keeps_its_lower_headings():
    """A section under a # heading keeps what is below it and ends at the next of its level."""
    assert changelog_entry({}, {"docs/changelog.md": MARKDOWN}, "1.2.0") == (
        "### Fixed\n\n- Fix `load` losing the last line."
    )


def test_the_last_section_drops_link_definitions():
    """Link targets at the end of a file are no part of the last entry."""
    text = MARKDOWN.replace(b"- First.", b"- The very first release.")
    assert changelog_entry({}, {"CHANGELOG.md": text}, "1.1.0") == "### Added\n\n- The very first release."


def test_a_list_item_may_be_the_entry():
    """Where versions are list items, the item's own words are the entry."""
    assert changelog_entry({}, {"README.rst": BULLETS}, "1.2.0") == ("Fix the loss of the last line (thanks @someone)")


def test_a_version_is_not_found_inside_a_longer_one():
    """1.2 is not 1.2.0 and not 11.2."""
    for version in ("1.2", "2.0", "1.2.0.1"):
        assert changelog_entry({"CHANGES.rst": RST}, {"CHANGES.rst": RST}, version) is None


def test_a_mistyped_heading_leaves_the_added_lines():
    """Without a heading of the version, the lines gained since the release before are the entry."""
    before = RST.replace(b"1.2.0", b"1.1.9")
    after = before.replace(
        b"Version 1.1.9", b"Version 1.1.9\n-------------\n\n- Repair the broken heading.\n\nVersion 1.1.9"
    )
    assert changelog_entry({"CHANGES.rst": before}, {"CHANGES.rst": after}, "1.2.0") == "- Repair the broken heading."


@pytest.mark.parametrize(
    "files",
    [{}, {"CHANGES.rst": b"1.2.0\n-----\n\n- Fix.\n"}, {"tests/CHANGES.rst": RST}, {"src/changes.py": RST}],
)
def test_no_entry_is_none(files):
    """No changelog, an entry that says nothing, or a file that only looks like one give no issue text."""
    assert changelog_entry({}, files, "1.2.0") is None


def test_an_unchanged_changelog_says_nothing_new():
    """A file that is the same in both releases is not read."""
    assert changelog_entry({"CHANGES.rst": RST}, {"CHANGES.rst": RST}, "1.2.0") is None


def test_undecodable_bytes_do_not_stop_the_reading():
    """A changelog in another encoding is read with replacement characters."""
    entry = changelog_entry({}, {"CHANGES.rst": RST.replace(b"losing", b"los\xefng")}, "1.2.0")
    assert entry is not None
    assert "los�ng" in entry
