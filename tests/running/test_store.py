import os
import resource
import shutil
import subprocess
import sys
import threading
import time

import pytest

from bugladder.records import BugladderError
from bugladder.running.store import Store


@pytest.fixture
def store(tmp_path):
    """An empty store."""
    return Store(tmp_path / "store")


def test_value_reads_back(store):
    """What is put under a key is got under it, undecodable bytes of a patch included."""
    key = Store.key("run", {"task": "a"})
    value = {"patch": b"\xff\n".decode("utf-8", "surrogateescape"), "rows": [{"n": 1.5, "none": None}], "é": "☃"}
    assert store.get(key) is None
    store.put(key, value)
    assert store.get(key) == value


def test_key_tells_kinds_and_parts_apart():
    """The key changes with the kind and with any part, and not with the parts' order."""
    base = Store.key("run", {"a": 1, "b": [2, 3]})
    assert base == Store.key("run", {"b": (2, 3), "a": 1})
    others = {
        Store.key("score", {"a": 1, "b": [2, 3]}),
        Store.key("run", {"a": 1, "b": [3, 2]}),
        Store.key("run", {"a": 1}),
    }
    assert len({base, *others}) == 4


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: data.replace(b"41", b"42"),
        lambda data: b"[1]",
        lambda data: b"\xff\xfe",
    ],
    ids=["half", "empty", "altered", "other", "binary"],
)
def test_corrupt_entry_is_set_aside(store, caplog, damage):
    """A damaged entry counts as absent, is kept aside with a warning, and can be written again."""
    key = Store.key("run", {})
    store.put(key, {"n": 41})
    path = next(store.root.glob("??/*.json"))
    path.write_bytes(damage(path.read_bytes()))
    assert store.get(key) is None
    assert "corrupt" in caplog.text
    assert len(list((store.root / "corrupt").iterdir())) == 1
    store.put(key, {"n": 41})
    assert store.get(key) == {"n": 41}


def test_entry_under_a_foreign_name_is_corrupt(store):
    """An entry that was copied under another key is not believed."""
    one, two = Store.key("run", {"n": 1}), Store.key("run", {"n": 2})
    store.put(one, {"n": 1})
    source = next(store.root.glob("??/*.json"))
    target = store.root / two[:2] / f"{two}.json"
    target.parent.mkdir(exist_ok=True)
    shutil.copy(source, target)
    assert store.get(two) is None


def test_lease_is_exclusive_between_threads(store):
    """Two holders of one key's lease never overlap, and a released lease leaves no file."""
    key = Store.key("run", {})
    lock, inside, most = threading.Lock(), [0], []

    def change(by):
        with lock:
            inside[0] += by
            most.append(inside[0])

    def hold():
        for _ in range(60):
            with store.lease(key, poll_s=0.0):
                change(1)
                time.sleep(0.0002)
                change(-1)

    threads = [threading.Thread(target=hold) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 8 * 60 * 2
    assert max(most) == 1
    assert not list((store.root / "leases").iterdir())


def test_lease_of_another_key_is_free(store):
    """A lease binds its own key only."""
    held = store.try_lease(Store.key("run", {"n": 1}))
    assert held is not None
    assert store.try_lease(Store.key("run", {"n": 1})) is None
    other = store.try_lease(Store.key("run", {"n": 2}))
    assert other is not None
    other.release()
    held.release()
    held.release()


def test_lease_goes_with_its_process(store):
    """A lease whose process was killed is free at once, and its half-written entry is swept away."""
    key = Store.key("run", {})
    code = (
        "import sys, os; from pathlib import Path; from bugladder.running.store import Store\n"
        "store = Store(Path(sys.argv[1])); lease = store.try_lease(sys.argv[2])\n"
        "folder = store.root / sys.argv[2][:2]; folder.mkdir()\n"
        "(folder / f'{sys.argv[2]}.1.2.tmp').write_text('half')\n"
        "print('held', flush=True); sys.stdin.read()\n"
    )
    argv = [sys.executable, "-c", code, str(store.root), key]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        assert store.try_lease(key) is None
        process.kill()
        process.wait()
    lease = store.try_lease(key)
    assert lease is not None
    lease.release()
    assert not list(store.root.rglob("*.tmp"))


def test_full_disk_is_one_line(tmp_path):
    """On a full disk put says so in one line, leaves nothing half-written and keeps what was there."""
    mount = tmp_path / "small"
    mount.mkdir()
    argv = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(mount)]
    if os.geteuid() != 0 or subprocess.run(argv, capture_output=True, check=False).returncode != 0:
        pytest.skip("a tiny file system can only be mounted by root")
    try:
        store = Store(mount / "store")
        small, big = Store.key("run", {"n": 1}), Store.key("run", {"n": 2})
        store.put(small, {"n": 1})
        with pytest.raises(BugladderError, match="disk is full") as raised:
            store.put(big, {"text": "x" * 200_000})
        assert "\n" not in str(raised.value)
        assert str(store.root) in str(raised.value)
        assert store.get(small) == {"n": 1}
        assert store.get(big) is None
        assert not list(store.root.rglob("*.tmp"))
    finally:
        subprocess.run(["umount", str(mount)], check=True)


def test_file_size_limit_is_one_line(store):
    """Where the system refuses to write more, put says so in one line and leaves nothing half-written."""
    key = Store.key("run", {})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(BugladderError, match="cannot be written") as raised:
            store.put(key, {"text": "x" * 50_000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "\n" not in str(raised.value)
    assert not [p for p in store.root.rglob("*") if p.is_file()]


def test_what_is_not_json_is_refused(store):
    """A value that JSON cannot hold is refused before anything is written."""
    with pytest.raises(BugladderError, match="not JSON-ready"):
        store.put(Store.key("run", {}), {"bad": object()})
    assert not store.root.exists()
