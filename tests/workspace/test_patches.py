import pytest

from bugladder.records import BugladderError
from bugladder.workspace.patches import apply_patch, make_patch, split_patch, touched_paths

TEXT = b"one\ntwo\nthree\n"
CHANGES = {
    "text": ("pkg/a.py", TEXT, b"one\n2\nthree\n"),
    "new file": ("new/b.py", None, b"x = 1\n"),
    "deleted file": ("old.py", TEXT, None),
    "new empty file": ("pkg/__init__.py", None, b""),
    "emptied file": ("a.py", TEXT, b""),
    "deleted empty file": ("a.py", b"", None),
    "no newline at the end": ("a.py", b"one\ntwo", b"one\n2"),
    "newline added at the end": ("a.py", b"one", b"one\n"),
    "newline dropped at the end": ("a.py", b"one\n", b"one"),
    "CRLF": ("a.py", b"one\r\ntwo\r\n", b"one\r\n2\r\n"),
    "CRLF to LF": ("a.py", b"one\r\ntwo\r\n", b"one\ntwo\n"),
    "blanks at the end": ("a.py", b"one  \n\t\n", b"one\n\t\t \n"),
    "binary": ("data.bin", bytes(range(256)), bytes(range(255, -1, -1))),
    "new binary": ("data.bin", None, b"\0\1\2" * 50),
    "deleted binary": ("data.bin", b"\0\1\2" * 50, None),
    "Latin-1": ("a.py", b"# caf\xe9\n", b"# caf\xe9s\n"),
    "form feed": ("a.py", b"\x0c\n\x0c\n\x0c\n-- two\nthree\n", b"\x0c\n\x0c\n\x0c\nthree\n"),
    "other line ends": ("a.py", "a\x85b\u2028c\n".encode(), "a\x85b\u2028d\n".encode()),
    "a lone return": ("a.py", b"one\rtwo\nthree\n", b"one\rtwo\n3\n"),
    "a removed line of dashes": ("a.py", b"-- a/evil.py\nkeep\n", b"keep\n"),
    "an added line of pluses": ("a.py", b"keep\n", b"keep\n++ b/evil.py\n"),
    "a line that speaks of git": (
        "a.py",
        b"x\n",
        b"x\ndiff --git a/evil b/evil\n--- a/evil\n+++ b/evil\n@@ -1 +1 @@\n",
    ),
    "blanks in the name": ("my folder/a file.py", TEXT, b"one\n"),
    "blanks in a new empty file's name": ("my b/a b.py", None, b""),
    "a name that is an option": ("-rf", TEXT, b"one\n"),
    "a name beyond ASCII": ("t\u00e9st/\u00fc.py", TEXT, b"one\n"),
    "a new binary beyond ASCII": ("t\u00e9st/\u00fc.bin", None, b"\0\1" * 9),
    "quotes and backslashes in the name": ('a"b\\c.py', TEXT, b"one\n"),
    "a tab in the name": ("a\tb.py", TEXT, b"one\n"),
    "a name that ends another's": ("b/a.py", TEXT, b"one\n"),
}
MODE = "diff --git a/run me.sh b/run me.sh\nold mode 100644\nnew mode 100755\n"
RENAME = "diff --git a/a.py b/sub/b.py\nsimilarity index 100%\nrename from a.py\nrename to sub/b.py\n"


@pytest.mark.parametrize(("path", "before", "after"), CHANGES.values(), ids=CHANGES)
def test_a_made_patch_applies_to_the_byte(path, before, after):
    """What was made from two states leads from one to the other, both ways, beside files that it leaves alone."""
    beside = {"other.py": b"other\n", "a.pyc": b"\0", "x/other": TEXT}
    patch = make_patch({**beside, path: before}, {**beside, path: after})
    assert apply_patch({**beside, path: before}, patch) == {path: after}
    reverse = make_patch({**beside, path: after}, {**beside, path: before})
    assert apply_patch({**beside, path: after}, reverse) == {path: before}
    assert touched_paths(patch) == [path]


def test_all_changes_in_one_patch():
    """A patch of many files falls into one block a file, each of which applies alone."""
    chosen = {f"{n}/{path}": (b, a) for n, (path, b, a) in enumerate(CHANGES.values())}
    before, after = ({p: states[side] for p, states in chosen.items()} for side in (0, 1))
    patch = make_patch(before, after)
    blocks = split_patch(patch)
    assert "".join(blocks) == patch
    assert sorted(touched_paths(patch)) == sorted(chosen)
    assert apply_patch(before, patch) == after
    for block in blocks:
        (path,) = touched_paths(block)
        assert apply_patch(before, block) == {path: after[path]}


def test_equal_states_make_no_patch():
    """Nothing changed is the empty text, and the empty text changes nothing; absent and None are the same."""
    assert make_patch({"a.py": TEXT, "b.py": None}, {"a.py": TEXT}) == ""
    assert apply_patch({"a.py": TEXT}, "") == {}
    assert apply_patch({"a.py": TEXT}, " \n") == {}


def test_surrounding_git_settings_change_nothing(tmp_path, monkeypatch):
    """Neither a user's git configuration nor a repository around the temporary folder changes a patch."""
    plain = make_patch({"a.py": b"one\r\n"}, {"a.py": b"two\r\n"})
    settings = tmp_path / "config"
    settings.write_text(
        "[diff]\n\tnoprefix = true\n\tmnemonicPrefix = true\n[core]\n\tautocrlf = input\n[color]\n\tui = always\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    assert make_patch({"a.py": b"one\r\n"}, {"a.py": b"two\r\n"}) == plain
    assert apply_patch({"a.py": b"one\r\n"}, plain) == {"a.py": b"two\r\n"}


def test_a_mode_change_and_a_rename():
    """A mode change touches its file and not its content; a rename touches both names."""
    assert touched_paths(MODE) == ["run me.sh"]
    assert apply_patch({"run me.sh": TEXT}, MODE) == {"run me.sh": TEXT}
    assert touched_paths(RENAME) == ["a.py", "sub/b.py"]
    assert apply_patch({"a.py": TEXT}, RENAME) == {"a.py": None, "sub/b.py": TEXT}


def test_a_plain_diff():
    """A unified diff without git's headers, of two files and with times, is read and applied alike."""
    parts = [
        f"--- a/{n}\t2026-01-01 00:00:00\n+++ b/{n}\t2026-01-02 00:00:00\n@@ -1 +1 @@\n-x\n+y\n"
        for n in ("p.py", "q.py")
    ]
    assert split_patch("".join(parts)) == parts
    assert touched_paths("".join(parts)) == ["p.py", "q.py"]
    assert apply_patch({"p.py": b"x\n", "q.py": b"x\n"}, "".join(parts)) == {"p.py": b"y\n", "q.py": b"y\n"}


@pytest.mark.parametrize("path", ["../evil.py", "pkg/../../evil.py", "/tmp/evil.py", ".git/hooks/pre-commit"])
def test_a_patch_that_leaves_the_folder_is_refused(path, tmp_path):
    """A path above the root, an absolute one and one in .git is an error in words, and nothing is written there."""
    patch = f"diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+x\n"
    with pytest.raises(BugladderError, match="does not apply"):
        apply_patch({"a.py": TEXT}, patch)


@pytest.mark.parametrize("path", ["../evil.py", "/tmp/evil.py"])
def test_a_state_that_leaves_the_folder_is_refused(path):
    """Whole files with such a path are refused before anything is written."""
    with pytest.raises(BugladderError, match="leaves the repository"):
        make_patch({}, {path: TEXT})


def test_a_link_is_no_file():
    """A patch that makes a link gives no content, whatever the link names, and no file behind it."""
    head = "diff --git a/{0} b/{0}\nnew file mode {1}\n--- /dev/null\n+++ b/{0}\n@@ -0,0 +1 @@\n+{2}\n"
    patch = head.format("l", "120000", "/etc/passwd") + "\\ No newline at end of file\n"
    assert apply_patch({}, patch) == {"l": None}
    behind = head.format("l/x", "100644", "x")
    with pytest.raises(BugladderError, match="does not apply"):
        apply_patch({}, patch.replace("/etc/passwd", "/tmp") + behind)


@pytest.mark.parametrize(
    "patch", ["no diff at all\n", make_patch({"a.py": b"four\n"}, {"a.py": b"five\n"}), "@@ -1 +1 @@\n-x\n+y\n"]
)
def test_a_patch_that_does_not_fit_is_refused(patch):
    """Words, a hunk without a file and a hunk that fits nowhere are an error, not a guess."""
    with pytest.raises(BugladderError, match="does not apply"):
        apply_patch({"a.py": TEXT}, patch)


@pytest.mark.parametrize("header", ["@@ @@", "@@ -1 @@", "@@ -a,b +c,d @@", "@@ -1,3 +1", "@@ "])
def test_a_header_that_is_none_is_no_exception(header):
    """Whatever stands where a hunk's header belongs, the paths can be told, and the patch is refused in words."""
    patch = f"diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n{header}\n one\n-two\n+2\n three\n"
    assert touched_paths(patch) == ["a.py"]
    with pytest.raises(BugladderError, match="does not apply"):
        apply_patch({"a.py": TEXT}, patch)
