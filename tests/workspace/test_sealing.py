"""Sealed reports: what the driver takes for the report that its own process wrote."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest
from tiny_bug import PROJECT

from bugladder.workspace.sealing import new_key, unseal

PROGRAMS = PROJECT / "src" / "bugladder" / "runners" / "programs"
RECORDS = [
    {"event": "test", "id": 't.py::test_\u00fc[\ud800"\\]', "seconds": 0.25, "aliases": ["a", "b\n"]},
    {"event": "collected", "count": 3, "is_whole": True, "nothing": None, "far": float("inf")},
]


@pytest.fixture(scope="module")
def channel():
    """The module that seals inside of a sandbox."""
    spec = importlib.util.spec_from_file_location("channel", PROGRAMS / "bugladder_channel.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def sealed(channel):
    """Seal records with a key."""

    def seal(key):
        seals = channel.Seal(key)
        return b"".join(seals.line(channel.encoded(record).encode("ascii")) for record in RECORDS)

    return seal


def test_what_was_sealed_is_read(sealed):
    """Whatever text and numbers records hold, the lines come out as they went in; what is no number is text."""
    key = new_key()
    first, second = (json.loads(line) for line in unseal(sealed(key), key).splitlines())
    assert first == RECORDS[0]
    assert second == {**RECORDS[1], "far": "inf"}


def test_a_report_that_was_cut_off_keeps_its_whole_lines(sealed):
    """A kill in the middle of a line costs that line alone."""
    key = new_key()
    assert len(unseal(sealed(key)[:-5], key).splitlines()) == 1


def _without_first(text):
    return text.split(b"\n", 1)[1]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace(b"0.25", b"0.75"),
        lambda text: text + b'{"event": "finished", "exit_status": 0}\n',
        lambda text: text + text,
        lambda text: b"\n".join(reversed(text.splitlines())) + b"\n",
        _without_first,
    ],
    ids=["changed", "added", "repeated", "moved", "left out"],
)
def test_a_report_that_somebody_else_touched_is_none(sealed, spoil):
    """A line that was changed, added, repeated, moved or left out makes the whole report unreadable."""
    key = new_key()
    assert unseal(spoil(sealed(key)), key) == b""
    assert unseal(sealed(new_key()), key) == b""


PROGRAM = """
MAIN = "json.tool"


def run(arguments, send):
    import os, sys, time
    send({"event": "first", "arguments": list(arguments), "main": sys.modules["__main__"].__name__})
    if arguments[0] == "fork":
        if os.fork() == 0:
            send({"event": "child"})
            time.sleep(30)
    if arguments[0] == "kill":
        os.kill(os.getpid(), 9)
    if arguments[0] == "close":
        os.closerange(3, 50)
        return 0
    if arguments[0] == "write":
        open("watched.py", "a").write("# more")
    if arguments[0] == "shadow":
        import json
        send({"event": "tool", "file": json.__file__, "has_stdin": bool(sys.stdin.read())})
    send({"event": "last"})
    return 5
"""


@pytest.fixture
def started(tmp_path):
    """Start the program with an argument as a runner does; its exit code, and what the report says."""
    support, root = tmp_path / "support", tmp_path / "root"
    support.mkdir()
    root.mkdir()
    for path in PROGRAMS.glob("*.py"):
        (support / path.name).write_bytes(path.read_bytes())
    (support / "bugladder_probe.py").write_text(PROGRAM)
    (root / "watched.py").write_text("x = 1\n")
    for name in ("json", "select", "_blake2", "marshal", "bugladder_seal"):
        (root / f"{name}.py").write_text("raise SystemExit('shadowed')\n")

    def start(argument):
        key, place = new_key(), tmp_path / "report"
        env = {**os.environ, "PYTHONPATH": "", "BUGLADDER_PATH": str(root), "BUGLADDER_REPORT": str(place),
               "BUGLADDER_WATCH": "watched.py"}  # fmt: skip
        argv = [sys.executable, str(support / "bugladder_start.py"), "bugladder_probe", argument]
        done = subprocess.run(argv, cwd=root, env=env, input=key, timeout=20, check=False, stdout=subprocess.DEVNULL)
        lines = unseal(place.read_bytes(), key).splitlines()
        return done.returncode, [json.loads(line) for line in lines]

    return start


def test_the_report_and_the_exit_code_of_a_program(started):
    """The process ends as its tests' process ended, and the report's last line says how."""
    code, records = started("plain")
    assert code == 5
    assert records[0] == {"event": "first", "arguments": ["plain"], "main": "__main__"}
    assert [r["event"] for r in records[1:]] == ["last", "exit"]
    assert records[-1]["status"] == 5


def test_a_program_that_is_killed_leaves_what_it_had_sent(started):
    """A signal that ends the tests' process ends the one that was started, after its report is whole."""
    code, records = started("kill")
    assert code == -9
    assert [r["event"] for r in records] == ["first", "exit"]
    assert records[-1]["status"] == -9


def test_a_child_of_the_tests_reports_nothing_and_holds_nothing_up(started):
    """A test may fork: only the process that was asked speaks, and its end is the end."""
    code, records = started("fork")
    assert code == 5
    assert [r["event"] for r in records] == ["first", "last", "exit"]


def test_a_channel_that_is_closed_is_only_silence(started):
    """Closing the channel loses what would have come, and forges nothing."""
    code, records = started("close")
    assert code == 0
    assert [r["event"] for r in records] == ["first", "exit"]


def test_files_that_are_written_during_the_run_are_named(started):
    """A test file that changed while the tests ran is a reason for distrust."""
    _, records = started("write")
    (doubt,) = [r for r in records if r["event"] == "distrust"]
    assert "watched.py" in doubt["reason"]


def test_the_repository_hides_nothing_of_what_reports(started):
    """Modules at the repository's root come too late to stand for what the report is made with."""
    _, records = started("shadow")
    (tool,) = [r for r in records if r["event"] == "tool"]
    assert tool["file"] == json.__file__
    assert not tool["has_stdin"]
