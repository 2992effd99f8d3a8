import logging
from dataclasses import replace

import pytest
from tiny_mirror import FILES, git, make_mirror

from bugladder.records import BugladderError, InfrastructureError
from bugladder.sources.mirrors import find_mirror, has_commit, read_commit


@pytest.fixture(scope="module")
def mirror(tmp_path_factory):
    """One mirror for all tests: nothing is written to it."""
    return make_mirror(tmp_path_factory.mktemp("mirror"))


def test_a_commit_is_its_blobs(mirror):
    """Every file has the bytes of its blob, whatever attributes say, and keeps its executable bit."""
    found = read_commit(mirror.source)
    assert {p: found[p].content.decode() for p in FILES} == FILES
    assert [p for p, member in found.items() if member.is_executable] == ["run.sh"]


def test_links_become_copies_and_those_that_lead_out_are_left_out(mirror):
    """A link to a file or a folder of the tree is a copy; one to the machine's files is not there."""
    found = read_commit(mirror.source)
    assert found["tests/linked.py"].content == found["tests/test_add.py"].content
    assert found["tests/more/windows.txt"].content == found["tests/data/windows.txt"].content
    assert "outside" not in found


def test_a_url_gives_the_same_files_as_a_folder(mirror):
    """A mirror behind a URL is asked for one commit, and what comes is the same."""
    git(mirror.bare, "config", "uploadpack.allowAnySHA1InWant", "true")
    nested = mirror.folder / "tiny"
    nested.mkdir(exist_ok=True)
    (nested / "library.git").symlink_to(mirror.bare)
    source = replace(mirror.source, mirrors=f"file://{mirror.folder}")
    assert read_commit(source) == read_commit(mirror.source)


def test_an_absent_mirror_names_where_it_should_stand(mirror, tmp_path):
    """A folder without the repository's clone is an error that names the places that were looked at."""
    with pytest.raises(BugladderError, match=r"tiny__library\.git or .* should be a bare clone"):
        find_mirror(replace(mirror.source, mirrors=str(tmp_path)))


def test_an_absent_commit_is_told(mirror):
    """A mirror that lacks the commit says so before and when it is read."""
    other = replace(mirror.source, commit="0" * 40)
    assert (has_commit(mirror.source), has_commit(other)) == (True, False)
    with pytest.raises(BugladderError, match=r"tiny/library@000000000000: the mirror .* lacks this commit"):
        read_commit(other)


def test_an_unreachable_url_is_the_machines_fault(mirror, tmp_path):
    """A URL that gives nothing is an infrastructure error with git's words."""
    with pytest.raises(InfrastructureError, match="could not be fetched from file://"):
        read_commit(replace(mirror.source, mirrors=f"file://{tmp_path}"))


def test_a_file_that_a_partial_clone_lacks_is_left_out_with_a_warning(tmp_path, caplog):
    """Large data may be missing from a clone: the other files are there, and the log names the first that is not."""
    mirror = make_mirror(tmp_path)
    blob = git(mirror.bare, "rev-parse", f"{mirror.commit}:tests/data/windows.txt")
    (mirror.bare / "objects" / blob[:2] / blob[2:]).unlink()
    with caplog.at_level(logging.WARNING):
        found = read_commit(mirror.source)
    assert "tests/data/windows.txt" not in found
    assert "tests/test_add.py" in found
    assert "lacks 1 files, first tests/data/windows.txt" in caplog.text
