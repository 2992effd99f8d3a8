import resource
import subprocess
import sys
import threading

import pytest

from bugladder.records import BugladderError, InfrastructureError
from bugladder.running.metering.database import Database


def _add(name):
    return lambda c: c.execute("INSERT INTO totals VALUES ('s', ?, 1, 0)", (name,)).rowcount


def _names(database):
    return {name for (name,) in database.rows("SELECT instance_id FROM totals")}


def test_many_writers_lose_nothing(tmp_path):
    """Each of many changes at once, by two openers of one file, is there as soon as its write returned."""
    databases = [Database(tmp_path / "r.db") for _ in range(2)]
    missing = []

    def work(k):
        for n in range(20):
            databases[k % 2].write(_add(f"{k}/{n}"), is_flushed=k % 3 == 0)
            if f"{k}/{n}" not in _names(databases[1 - k % 2]):
                missing.append((k, n))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert missing == []
    assert len(_names(databases[0])) == 160


def test_a_change_that_fails_leaves_nothing(tmp_path):
    """A change that raises is taken back as a whole, and the next one goes through."""
    database = Database(tmp_path / "r.db")

    def half(connection):
        _add("half")(connection)
        raise KeyError("whole")

    with pytest.raises(KeyError):
        database.write(half)
    assert database.write(_add("next")) == 1
    assert _names(database) == {"next"}


def test_what_is_no_database_is_named(tmp_path):
    """A file of another kind or version is an error that names it and is left as it was."""
    path = tmp_path / "r.db"
    path.write_bytes(b"no database\n" * 500)
    with pytest.raises(BugladderError, match=r"r\.db: cannot be used"):
        Database(path)
    assert path.read_bytes() == b"no database\n" * 500


def test_a_full_disk_is_the_machines_failure(tmp_path):
    """Where the system takes no more, the write is an infrastructure failure that names the file."""
    code = (
        "import sys; from pathlib import Path\n"
        "from bugladder.records import InfrastructureError\n"
        "from bugladder.running.metering.database import Database\n"
        "base = Database(Path(sys.argv[1]))\n"
        "try:\n"
        "    for n in range(2000):\n"
        "        base.write(lambda c: c.execute('INSERT INTO totals VALUES (?, ?, 1, 0)', (str(n), 'x' * 900)))\n"
        "except InfrastructureError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "r.db")],
        capture_output=True, text=True, check=True, timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000)),
    )  # fmt: skip
    assert "r.db: cannot be written (" in done.stdout


def test_reading_a_closed_file_is_the_machines_failure(tmp_path):
    """A read that the file does not answer is an infrastructure failure, never an empty result."""
    database = Database(tmp_path / "r.db")
    database.close()
    with pytest.raises(InfrastructureError, match="cannot be read"):
        database.rows("SELECT 1")
