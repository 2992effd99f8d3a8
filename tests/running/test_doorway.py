"""The socket between a sandbox and the driver."""

from __future__ import annotations

import stat
import subprocess
import sys
import tempfile
import threading

import pytest

from bugladder.records import Command, Guest, InfrastructureError
from bugladder.running.doorway import open_doorway
from bugladder.sandboxes.local import LocalSandbox

_KNOCK = (
    "import socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\n"
    "s.sendall(b'knock')\nprint(s.recv(9).decode())"
)


def test_nobody_else_reaches_the_socket():
    """The folder is its user's own, and goes with the doorway."""
    with open_doorway() as door:
        assert stat.S_IMODE(door.path.parent.stat().st_mode) == 0o700
        folder = door.path.parent
    assert not folder.exists()
    assert door.listener.fileno() == -1


def test_a_sandbox_shows_what_is_hidden_outside(make_instance, cache):
    """A guest reaches the driver through the socket also after its name outside is gone, and sees nothing beside it."""
    sandbox = LocalSandbox(cache=str(cache), tool_requirements=())
    with open_doorway() as door:
        guest = Guest(socket=str(door.path))
        session = sandbox.open(make_instance().environment, "guest", guest)
        door.hide()
        assert not door.path.parent.exists()
        door.listener.settimeout(5)
        shown = session.run(Command(("sh", "-c", "ls -A /run /run/bugladder; rm -f /run/bugladder/*"), 5.0))
        assert shown.stdout.decode().split() == ["/run:", "bugladder", "/run/bugladder:", "model.sock"]
        assert b"Read-only" in shown.stderr or b"busy" in shown.stderr
        answered = _answer_one(door.listener, session)
        session.close()
    assert answered == b"come in\n"


def _answer_one(listener, session):
    def answer():
        connection, _ = listener.accept()
        assert connection.recv(9) == b"knock"
        connection.sendall(b"come in")
        connection.close()

    thread = threading.Thread(target=answer)
    thread.start()
    done = session.run(Command(("python", "-c", _KNOCK, Guest.SOCKET), 10.0))
    thread.join(10)
    return done.stdout


def test_a_guest_has_an_environment_of_its_own(make_instance, cache):
    """A guest's pins stand at /agent with an interpreter, and are not importable from the task's environment."""
    sandbox = LocalSandbox(cache=str(cache), tool_requirements=())
    environment = make_instance().environment
    session = sandbox.open(environment, "guest", Guest(requirements=environment.requirements[:1]))
    try:
        code = "import iniconfig; print(iniconfig.__file__)"
        own = session.run(Command((f"{Guest.FOLDER}/bin/python", "-I", "-c", code), 9.0))
        task = session.run(Command(("python", "-c", "import sys; print(sys.path)"), 9.0))
    finally:
        session.close()
    assert own.stdout.startswith(b"/agent/lib/")
    assert b"/agent" not in task.stdout


def test_an_open_sandbox_shows_nothing_of_a_guest(make_instance, cache):
    """Without isolation neither socket nor environment is provided; who hosts a guest refuses there."""
    sandbox = LocalSandbox(cache=str(cache), tool_requirements=(), force_open=True)
    session = sandbox.open(make_instance().environment, "guest", Guest(("no-such-thing==1",), "/no/such/socket"))
    assert session.enforcement["isolation"] == "open"
    session.close()


def test_a_killed_driver_leaves_no_socket(tmp_path):
    """Once a sandbox shows it, the socket's name is gone, so that kill -9 has nothing to leave behind."""
    code = (
        "import os\nfrom bugladder.running.doorway import open_doorway\n"
        "with open_doorway() as door:\n door.hide()\n os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code], env={"TMPDIR": str(tmp_path), "PATH": ""}, check=False)
    assert list(tmp_path.iterdir()) == []


def test_a_name_too_long_for_a_socket_is_told(tmp_path, monkeypatch):
    """A folder for temporary files with a very long name is an error that says what to set."""
    folder = tmp_path / ("x" * 100)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with pytest.raises(InfrastructureError, match="TMPDIR"), open_doorway():
        pass
    assert list(folder.iterdir()) == []
