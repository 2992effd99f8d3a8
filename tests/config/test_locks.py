import os
import subprocess
import sys
from pathlib import Path

import pytest

from bugladder.config.locks import phase_lock
from bugladder.records import BugladderError

HOLDER = (
    "import sys; from pathlib import Path; from bugladder.config.locks import phase_lock\n"
    "with phase_lock(Path(sys.argv[1]), Path(sys.argv[2])):\n"
    "    print('held', flush=True); sys.stdin.read()\n"
)


def test_second_process_is_told_the_pid(tmp_path):
    """A phase that another process holds is refused in one line with its pid, and free once that process is killed."""
    folder, locks = Path("data/p1"), tmp_path / "locks"
    locks.mkdir()
    (locks / "p1.lock").write_text("an earlier holder's longer pid\n")
    argv = [sys.executable, "-c", HOLDER, str(folder), str(locks)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        with (
            pytest.raises(BugladderError, match=rf"data/p1: .*pid {process.pid} ") as raised,
            phase_lock(folder, locks),
        ):
            pass
        assert "\n" not in str(raised.value)
        with phase_lock(Path("data/p2"), locks):
            pass
        process.kill()
        process.wait()
    with phase_lock(folder, locks):
        assert (locks / "p1.lock").read_text() == f"{os.getpid()}\n"


def test_lock_is_given_back(tmp_path):
    """Leaving the body, also by an error, frees the phase."""
    with pytest.raises(ValueError, match="inside"), phase_lock(Path("data/p1"), tmp_path):
        raise ValueError("inside")
    with phase_lock(Path("data/p1"), tmp_path):
        pass


def test_unwritable_lock_folder_is_named(tmp_path):
    """A lock folder that cannot be made is an error that names the lock."""
    (tmp_path / "file").write_text("")
    with pytest.raises(BugladderError, match=r"p1\.lock"), phase_lock(Path("data/p1"), tmp_path / "file"):
        pass
