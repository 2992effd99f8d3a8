import os
import threading
from dataclasses import replace

import pytest
from docker_engine import TINY_IMAGE, api, docker_sandbox
from sandbox_probes import python, sh

from bugladder.records import Command, Guest, InfrastructureError
from bugladder.records.protocols import KeepsImages, Sandbox, Session, TellsObstacles
from bugladder.running.doorway import open_doorway
from bugladder.workspace import check_history

pytestmark = pytest.mark.docker


@pytest.fixture
def image_session(cache, image_environment):
    """A session on that image."""
    session = docker_sandbox(cache).open(image_environment, "run@p1")
    yield session
    session.close()


def test_repository_holds_nothing_but_the_base_commit(image_session):
    """No commit, tag, branch, remote, reflog, unreachable object, nested repository or bytecode besides the base."""
    assert check_history(image_session, "tiny") == "one commit"
    script = (
        "git rev-list --all --count; git for-each-ref | wc -l; git remote | wc -l; find . -path '*/logs/*' | wc -l;"
        "git fsck --unreachable --no-reflogs --no-progress; find . -name .git | wc -l; find . -name '*.pyc' | wc -l;"
        "git status --porcelain; git log --format=%s%an%cd --date=iso"
    )
    lines = sh(image_session, script).stdout.decode().splitlines()
    assert lines == ["1", "1", "0", "0", "1", "0", "basesolver2000-01-01 00:00:00 +0000"]
    assert sh(image_session, "git cat-file --batch-all-objects --batch | grep -c f1xt0ken").stdout == b"0\n"
    assert sh(image_session, "grep -rl f1xt0ken / 2>/dev/null --exclude-dir=proc --exclude-dir=sys").stdout == b""


def test_tree_is_the_images_own(image_session):
    """Files, bytes, links and executable bits are the base commit's; what was built beside it stays."""
    assert image_session.root == "/testbed"
    listed = sh(image_session, "find . -path ./.git -prune -o ! -type d -print | sort").stdout.decode().split("\n")
    assert listed[:-1] == [
        "./.gitignore", "./blob with blank.bin", "./build/made.so", "./link.py", "./pkg/__init__.py", "./run.sh",
    ]  # fmt: skip
    assert sh(image_session, "./run.sh; readlink link.py; cat 'blob with blank.bin'").stdout == (
        b"ran\npkg/__init__.py\n\x00\xff"
    )
    assert sh(image_session, "git ls-files | wc -l; git diff --stat | wc -l").stdout == b"5\n0\n"


def test_images_environment_is_activated(image_session):
    """The environment's interpreter comes first, with the image's own variables and our clean ones."""
    assert sh(image_session, "command -v python; echo $OWN $CONDA_DEFAULT_ENV $HOME $LC_ALL").stdout == (
        b"/opt/env/bin/python\nx testbed /disk/home C.UTF-8\n"
    )


def test_images_system_cannot_be_changed(image_session):
    """A command is nobody special there: the repository is its own, interpreter and system are not."""
    assert sh(image_session, "id -un; echo x > new && cat new").stdout == b"solver\nx\n"
    for path in ("/usr/bin/git", "/opt/env/bin/python", "/etc/passwd", "/x"):
        assert sh(image_session, f"echo x >> {path}").exit_code != 0, path


def test_overlay_is_laid_over_the_image(cache, image_environment):
    """An overlay's files and deletions show, and the image of the next session is unchanged."""
    sandbox = docker_sandbox(cache)
    overlay = {"pkg/__init__.py": b"VALUE = 3\n", "run.sh": None}
    changed = sandbox.open(replace(image_environment, overlay=overlay), "overlay")
    plain = sandbox.open(image_environment, "plain")
    try:
        assert sh(changed, "cat pkg/__init__.py; ls run.sh").stdout == b"VALUE = 3\n"
        assert sh(plain, "cat pkg/__init__.py; ls run.sh").stdout == b"VALUE = 1\nrun.sh\n"
    finally:
        changed.close()
        plain.close()


def test_container_is_bounded_and_labelled(image_session):
    """Its settings are those of a closed container, and its labels name run, phase, instance and driver."""
    found = api().inspect_container(image_session._holder.id)
    host, labels = found["HostConfig"], found["Config"]["Labels"]
    assert (host["Init"], host["NetworkMode"], host["Privileged"], host["CapDrop"]) == (True, "none", False, ["ALL"])
    assert sorted(host["CapAdd"]) == ["CAP_CHOWN", "CAP_KILL", "CAP_SETGID", "CAP_SETUID"] or sorted(
        host["CapAdd"]
    ) == ["CHOWN", "KILL", "SETGID", "SETUID"]
    assert "no-new-privileges" in host["SecurityOpt"]
    assert host["Memory"] == host["MemorySwap"] > 0
    assert host["PidsLimit"] == 258
    assert host["NanoCpus"] == 2 * 10**9
    assert host["LogConfig"]["Type"] == "none"
    assert (labels["bugladder.run"], labels["bugladder.phase"], labels["bugladder.instance"]) == (
        "run@p1",
        "p1",
        TINY_IMAGE,
    )
    assert f"|{os.getpid()}|" in labels["bugladder.driver"]


def test_nothing_is_left_after_closing(cache, image_environment):
    """No container, network or volume is left, also of an image that asks for a volume."""
    client = api()
    before = {v["Name"] for v in client.volumes()["Volumes"] or ()}, {n["Id"] for n in client.networks()}
    session = docker_sandbox(cache).open(image_environment, "volume")
    container, made = session._holder.id, {v["Name"] for v in client.volumes()["Volumes"] or ()} - before[0]
    assert len(made) == 1
    session.close()
    assert client.containers(all=True, filters={"id": container}) == []
    assert ({v["Name"] for v in client.volumes()["Volumes"] or ()}, {n["Id"] for n in client.networks()}) == before


def test_repository_is_prepared_once(cache, image_environment):
    """The second session gets a copy of what the first one's opening prepared, whatever its limits are."""
    sandbox = docker_sandbox(cache)
    sandbox.open(image_environment, "once").close()
    trees = list((cache / "docker" / "trees").iterdir())
    before = [(path / "tree.tar").stat().st_mtime_ns for path in trees]
    replace(sandbox, memory_mb=512).open(image_environment, "twice").close()
    assert [(path / "tree.tar").stat().st_mtime_ns for path in (cache / "docker" / "trees").iterdir()] == before


def test_repository_stands_on_a_disk_of_its_own_bound(cache, image_environment):
    """Writing without end into the repository fails inside with ENOSPC; the machine's disk is not touched."""
    session = docker_sandbox(cache, disk_mb=20).open(image_environment, "disk")
    try:
        result = sh(session, "head -c 60000000 /dev/zero > big")
        assert result.exit_code != 0
        assert b"No space left" in result.stderr
        assert sh(session, "rm big; echo fine > fine; cat fine").stdout == b"fine\n"
        found = api().containers(all=True, size=True, filters={"id": session._holder.id})
        assert found[0].get("SizeRw", 0) < 100_000
    finally:
        session.close()


def test_repository_larger_than_its_disk_is_told(cache, image_environment):
    """A repository that does not fit is an InfrastructureError, and no container is left."""
    with pytest.raises(InfrastructureError, match=r"could not be unpacked"):
        docker_sandbox(cache, disk_mb=2).open(image_environment, "large")
    assert api().containers(all=True, filters={"label": "bugladder.run=large"}) == []


def test_memory_of_the_control_group_is_the_last_bound(cache, image_environment):
    """Shared memory, which no count of private memory sees, is bounded by the kernel; who is killed for it is told."""
    code = (
        "import mmap, os, time\nfor _ in range(12):\n if os.fork() == 0:\n  m = mmap.mmap(-1, 60 << 20)\n"
        "  for i in range(0, len(m), 4096): m[i] = 1\n  time.sleep(20)\nos.wait()"
    )
    session = docker_sandbox(cache, memory_mb=128, disk_mb=16).open(image_environment, "memory")
    try:
        result = python(session, code)
        assert b"sandbox: over 128 MB of memory" in result.stderr
        assert not result.timed_out
        assert sh(session, "echo fine").stdout == b"fine\n"
    finally:
        session.close()


GUEST = """
import socket, sys
line = socket.socket(socket.AF_UNIX)
line.connect(sys.argv[1])
line.sendall(b"knock")
print(line.recv(100).decode(), sys.prefix, sys.version_info[:2] == (3, 11))
"""


@pytest.mark.parametrize("kind", ["image", "sdist"])
def test_guest_finds_its_environment_and_the_door(cache, environment, image_environment, kind):
    """A foreign program has its own interpreter and reaches the driver through the socket, and nothing else."""
    opened = image_environment if kind == "image" else environment
    with open_doorway() as door:
        session = docker_sandbox(cache).open(opened, "guest", Guest((), str(door.path)))
        door.hide()

        def answer():
            line, _ = door.listener.accept()
            with line:
                line.sendall(line.recv(100) + b" heard")

        listening = threading.Thread(target=answer)
        listening.start()
        try:
            result = session.run(Command((f"{Guest.FOLDER}/bin/python", "-c", GUEST, Guest.SOCKET), 20.0))
            assert result.stdout == b"knock heard /agent True\n", result.stderr
            assert sh(session, f"echo x > {Guest.FOLDER}/x").exit_code != 0
            assert sh(session, "ls /run/bugladder").stdout == b"model.sock\n"
        finally:
            session.close()
            listening.join(10)


def test_sandbox_keeps_the_protocol(cache, image_session):
    """The plug and its sessions are what protocols.py asks for."""

    def takes(plug: Sandbox, opened: Session) -> str:
        return plug.name + opened.root

    assert isinstance(docker_sandbox(cache), KeepsImages)
    assert isinstance(docker_sandbox(cache), TellsObstacles)
    assert takes(docker_sandbox(cache), image_session) == "docker/testbed"
    assert {"isolation", "network", "memory", "processes", "cpu", "file_size", "disk", "image"} == set(
        image_session.enforcement
    )
