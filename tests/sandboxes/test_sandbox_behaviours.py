"""What every sandbox must do; what one records as open is skipped by that name."""

import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest
from sandbox_probes import BINARY, kill_holder, need, python, sh

from bugladder.records import Command, InfrastructureError


def test_tree_is_the_sdist_with_the_overlay_laid_over(session):
    """The root holds the sdist's files, bytes and executable bits kept, with the overlay's files and deletions."""
    code = (
        "import hashlib,os\nfor base, _, names in sorted(os.walk('.')):\n for name in sorted(names):\n"
        "  path = os.path.join(base, name)\n"
        "  print(path, hashlib.sha256(open(path, 'rb').read()).hexdigest()[:8], os.access(path, os.X_OK))"
    )
    listed = python(session, code).stdout.decode().split("\n")
    names = [line.split()[0] for line in listed if line]
    assert names == ["./PKG-INFO", "./run.sh", "./tiny/__init__.py", "./tiny/data.bin", "./tiny/extra.bin"]
    assert sh(session, "./run.sh").stdout == b"ran\n"
    assert sh(session, "cat tiny/data.bin").stdout == sh(session, "cat tiny/extra.bin").stdout == BINARY
    assert python(session, "import tiny; print(tiny.VALUE)").stdout == b"2\n"


def test_metadata_answers_for_the_package(session):
    """importlib.metadata finds the version of the code base through the session's pythonpath."""
    env = (("PYTHONPATH", ":".join(session.pythonpath)),)
    result = python(session, "import importlib.metadata as m; print(m.version('tiny-lib'))", env=env)
    assert result.stdout == b"1.2\n"


def test_binary_files_make_a_round_trip(session):
    """Bytes written from standard input are read back unchanged, also in the scratch folder."""
    for path in ("blob", f"{session.scratch}/blob"):
        assert sh(session, f"cat > {path}", stdin=BINARY).exit_code == 0
        assert sh(session, f"cat {path}").stdout == BINARY


def test_large_input_and_output_do_not_block(session):
    """Five megabytes through cat come back whole, and a command that ignores its input does not hang."""
    data = BINARY * 6500
    result = sh(session, "cat", stdin=data)
    assert result.stdout == data
    assert not result.is_truncated
    assert sh(session, "true", stdin=data).exit_code == 0


def test_output_beyond_its_bound_is_dropped(session):
    """No more than max_output_bytes of each stream is kept, the rest is read away and flagged."""
    result = sh(session, "head -c 3000000 /dev/zero; echo done >&2", max_output_bytes=1_000_000)
    assert (len(result.stdout), result.stderr, result.is_truncated) == (1_000_000, b"done\n", True)
    assert result.exit_code == 0


def test_output_need_not_be_text(session):
    """Bytes that are no UTF-8 come through on both streams."""
    result = sh(session, r"printf '\377\376a'; printf '\200' >&2")
    assert (result.stdout, result.stderr) == (b"\xff\xfea", b"\x80")


@pytest.mark.parametrize(("script", "code"), [("exit 7", 7), ("kill -9 $$", -9), ("kill -TERM $$", -15), ("true", 0)])
def test_exit_codes_and_signals_are_told(session, script, code):
    """An exit code is itself, a signal is its negative number."""
    assert sh(session, script).exit_code == code


def test_missing_command_is_the_callers_failure(session):
    """A command or folder that is not there is exit code 127 with a line that names it."""
    missing = session.run(Command(("no-such-command",), 5.0))
    astray = session.run(Command(("true",), 5.0, cwd="/no/such/folder"))
    assert (missing.exit_code, astray.exit_code) == (127, 127)
    assert b"no-such-command" in missing.stderr
    assert b"/no/such/folder" in astray.stderr


def test_command_environment_is_laid_over_the_clean_one(session):
    """A command's own variables and folder hold for it alone."""
    result = sh(session, "pwd; echo $COLOUR $HOME", env=(("COLOUR", "a=b c"),), cwd=session.scratch)
    assert result.stdout.decode().split("\n")[:2] == [session.scratch, f"a=b c {_home(session)}"]
    assert sh(session, "echo $COLOUR").stdout == b"\n"


def test_cpu_time_counts_children(session):
    """cpu_s holds what the command's children used."""
    result = sh(session, 'python -c "import time\nwhile time.process_time() < 0.4: pass"')
    assert 0.35 < result.cpu_s < 2.0


def test_child_that_outlives_its_parent_is_gone(session):
    """A detached grandchild dies with the command that started it, which does not wait for it."""
    code = (
        "import os, sys, time\nif os.fork(): os._exit(0)\nos.setsid()\nif os.fork(): os._exit(0)\n"
        "time.sleep(0.6)\nopen('survivor', 'w').write('x')"
    )
    result = python(session, code)
    assert result.exit_code == 0
    assert result.wall_s < 0.5
    assert sh(session, "sleep 0.8; ls").stdout.decode().split().count("survivor") == 0


def test_fork_bomb_is_bounded_and_over(opened):
    """A program that forks for ever ends on time and leaves nothing, and the session still works."""
    session = opened(processes=40)
    code = (
        "import os, time\nend = time.monotonic() + 30\nwhile time.monotonic() < end:\n try:\n  os.fork()\n"
        "  time.sleep(0.01)\n except OSError: time.sleep(0.05)"
    )
    began = time.monotonic()
    result = python(session, code, timeout_s=1.5)
    assert result.exit_code != 0
    assert time.monotonic() - began < 10
    assert sh(session, "echo fine").stdout == b"fine\n"
    assert not _processes_with(b"os.fork()\n  time.sleep(0.01)")


def test_processes_are_limited(opened):
    """No more processes than allowed are there at a time."""
    session = opened(processes=30)
    code = (
        "import os, time\ncount = 0\ntry:\n for _ in range(400):\n"
        "  if os.fork() == 0:\n   time.sleep(20)\n   os._exit(0)\n  count += 1\nexcept OSError: pass\n"
        "print(count, flush=True)\ntime.sleep(1)"
    )
    result = python(session, code)
    if session.enforcement["processes"] == "watch":
        assert (result.exit_code, result.stderr) == (-9, b"sandbox: over 30 processes, killed\n")
    else:
        assert 20 <= int(result.stdout) < 30


def test_full_disk_stays_inside(opened):
    """Writing without end fails inside with ENOSPC, also in the folder for temporary files; freeing helps."""
    session = opened(disk_mb=8)
    need(session, "disk")
    result = sh(session, f"head -c 20000000 /dev/zero > {session.scratch}/big")
    assert result.exit_code != 0
    assert b"No space left" in result.stderr
    assert sh(session, "echo more > $TMPDIR/more && cat $TMPDIR/more").stdout == b""
    assert sh(session, f"rm {session.scratch}/big && echo more > more && cat more").stdout == b"more\n"


def test_many_small_files_are_bounded(opened):
    """The number of files is bounded with the disk, so that empty files cannot eat the machine's memory."""
    session = opened(disk_mb=8)
    need(session, "disk")
    result = python(session, "for n in range(20000): open(f'f{n}', 'w').close()")
    assert b"No space left" in result.stderr


def test_file_size_is_limited(opened):
    """One file grows no further than its limit."""
    result = sh(opened(file_mb=1), "head -c 3000000 /dev/zero > big; echo $?; wc -c < big")
    status, size = result.stdout.split()
    assert int(status) == 128 + signal.SIGXFSZ
    assert int(size) == 1 << 20


def test_memory_of_one_process_is_limited(opened):
    """A process that wants more memory than allowed gets a MemoryError."""
    result = python(opened(memory_mb=128), "x = bytearray(300 << 20)")
    assert result.exit_code == 1
    assert b"MemoryError" in result.stderr


def test_memory_of_all_processes_together_is_limited(opened):
    """Several processes that are each within the limit are killed where their sum is not."""
    code = (
        "import os, time\nfor _ in range(5):\n if os.fork() == 0:\n  x = b'x' * (60 << 20)\n  time.sleep(20)\n"
        "time.sleep(20)"
    )
    result = python(opened(memory_mb=160), code)
    assert (result.exit_code, result.timed_out) == (-9, False)
    assert b"over 160 MB of memory" in result.stderr


def test_cpu_time_is_limited(opened):
    """A process that only computes is ended by its CPU limit, long before the time-out."""
    result = python(opened(cpu_s=1), "while True: pass")
    assert result.exit_code in {-signal.SIGXCPU, -signal.SIGKILL}
    assert result.cpu_s < 3


@pytest.mark.parametrize(
    "script", ["sleep 60", "trap '' TERM INT HUP; while :; do sleep 0.1; done", "sleep 60 & sleep 60 & wait"]
)
def test_command_that_never_ends_is_killed_on_time(session, script):
    """The time-out kills the whole tree, whatever it ignores; what was written until then is kept."""
    result = sh(session, f"echo begun; {script}", timeout_s=0.4)
    assert (result.timed_out, result.exit_code, result.stdout) == (True, None, b"begun\n")
    assert 0.4 <= result.wall_s < 2.0
    assert sh(session, "echo next").stdout == b"next\n"


def test_network_is_not_there(session):
    """No route, no name service and no port of the machine; loopback works inside."""
    need(session, "network")
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = (
            "import socket, sys\n"
            "def tried(call):\n try:\n  call()\n  return 'reached'\n except OSError as e: return type(e).__name__\n"
            "def own():\n s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname(), 2)\n"
            "print(tried(lambda: socket.create_connection(('192.0.2.1', 80), 2)))\n"
            "print(tried(lambda: socket.getaddrinfo('example.org', 80)))\n"
            "print(tried(lambda: socket.create_connection(('127.0.0.1', int(sys.argv[1])), 2)))\nprint(tried(own))"
        )
        result = python(session, code, str(server.getsockname()[1]))
    assert result.stdout.decode().split() == ["OSError", "gaierror", "ConnectionRefusedError", "reached"]


def test_environment_is_clean(session, monkeypatch):
    """No variable of the driver is seen inside; HOME and TMPDIR are the session's own and writable."""
    names = {line.split("=")[0] for line in sh(session, "env").stdout.decode().splitlines()}
    assert names == {
        "PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "TZ", "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE",
        "PYTHONNOUSERSITE", "BUGLADDER_TOOLS", "PWD",
    }  # fmt: skip
    assert sh(session, "echo a > $HOME/a && echo b > $TMPDIR/b && cat $HOME/a $TMPDIR/b").stdout == b"a\nb\n"


def test_no_descriptor_is_inherited(session):
    """A command has its three standard streams and nothing else of the driver or holder."""
    result = python(session, "import os; print(sorted(int(n) for n in os.listdir('/proc/self/fd'))[:4])")
    assert result.stdout == b"[0, 1, 2, 3]\n"  # 3 is the folder being listed
    assert python(session, "import os\ntry: os.fstat(3)\nexcept OSError: print('closed')").stdout == b"closed\n"


SEARCH = """
import glob, os, sys
token, top, *paths = sys.stdin.read().split("|")
found = []
for path in paths:
    for prefix in ("", *glob.glob("/proc/*/root"), *glob.glob("/proc/*/cwd"), "/proc/self/root", "/proc/1/root"):
        if os.path.exists(prefix + path):
            found.append(prefix + path)
for name in glob.glob("/proc/*/environ") + glob.glob("/proc/*/cmdline"):
    try:
        if token.encode() in open(name, "rb").read(): found.append(name)
    except OSError: pass
for base, folders, names in os.walk(top):
    folders[:] = [f for f in folders if os.path.join(base, f) not in ("/proc", "/usr")]
    found += [os.path.join(base, n) for n in names if token in n]
print(found)
"""


@pytest.mark.parametrize("trick", ["plain", "namespaces", "chroot"])
def test_outside_is_out_of_reach(session, cache, tmp_path, monkeypatch, trick):
    """Answers, store, later sdists, project and other homes are not there: by path, through /proc, or by tricks."""
    token = "c4n4ry7"
    monkeypatch.setenv("SECRET", token)
    secrets = [
        tmp_path / f"answers-{token}.parquet",
        cache / "store" / f"{token}.json",
        cache / "sdists" / f"tiny_lib-1.3-{token}.tar.gz",
    ]
    for path in secrets:
        path.parent.mkdir(exist_ok=True)
        path.write_text(token)
        path.chmod(0o644)
    project = Path(__file__).resolve().parents[2]
    paths = [*map(str, secrets), str(cache / "sdists"), str(project / "pyproject.toml"), str(Path.home() / ".bashrc")]
    is_open = session.enforcement["isolation"] == "open"
    asked = [token, str(cache) if is_open else "/", *paths]
    result = python(session, TRICKS[trick] + SEARCH, stdin="|".join(asked).encode())
    if is_open and trick == "plain":
        # the search itself is worth something: where nothing hides them, it finds them
        assert str(secrets[1]).encode() in result.stdout, result.stderr
    need(session, "isolation")
    assert result.stdout == b"[]\n", result.stderr


TRICKS = {
    "plain": "",
    "namespaces": """
import ctypes, os
uid, gid, libc = os.getuid(), os.getgid(), ctypes.CDLL(None)
if libc.unshare(0x10000000 | 0x20000) == 0:
    open("/proc/self/setgroups", "w").write("deny")
    open("/proc/self/uid_map", "w").write(f"0 {uid} 1")
    open("/proc/self/gid_map", "w").write(f"0 {gid} 1")
    for path in open("/proc/self/mountinfo").read().split("\\n")[::-1]:
        if path: libc.umount2(path.split()[4].encode(), 2)
    libc.mount(b"none", b"/tmp", b"tmpfs", 0, None)
    libc.mount(b"proc", b"/proc", b"proc", 0, None)
    libc.mount(b"/", b"/tmp", None, 4096, None)
""",
    "chroot": """
import ctypes, os
uid, libc = os.getuid(), ctypes.CDLL(None)
if libc.unshare(0x10000000) == 0:
    open("/proc/self/uid_map", "w").write(f"0 {uid} 1")
    os.makedirs("/scratch/jail/proc", exist_ok=True)
    here = os.open("/", os.O_RDONLY)
    os.chroot("/scratch/jail")
    os.fchdir(here)
    for _ in range(20): os.chdir("..")
    os.chroot(".")
""",
}


def test_user_is_nobody_special(session):
    """Commands run without root, capabilities or new privileges, and cannot write what the session only shows."""
    need(session, "isolation")
    assert int(sh(session, "id -u").stdout) != 0
    status = sh(session, "cat /proc/self/status").stdout.decode()
    lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert (int(lines["CapEff"], 16), int(lines["CapPrm"], 16), lines["NoNewPrivs"]) == (0, 0, "1")
    for path in ("/usr/x", "/env/x", "/etc/passwd", "/meta/x", "/x", "/bin/x", "/proc/sys/kernel/hostname"):
        assert sh(session, f"echo x > {path}").exit_code != 0, path


def test_machines_own_packages_are_hidden(session):
    """Installed packages of the machine, where a later release could stand, are not seen."""
    need(session, "isolation")
    code = (
        "import glob, sys\nlib = sys.base_prefix + '/lib/python3*/'\n"
        "places = (lib + 'site-packages/*', lib + 'ensurepip/_bundled/*', '/usr/lib/python3/dist-packages/*')\n"
        "print([found for place in places for found in glob.glob(place)])"
    )
    assert python(session, code).stdout == b"[]\n"


def test_sessions_do_not_see_each_other(opened):
    """Files, processes and abstract sockets of one session are not there in another, live one."""
    first, second = opened(), opened()
    need(first, "isolation")
    sh(first, f"echo secret > {first.scratch}/note; echo secret > $TMPDIR/note; echo secret > note")
    code = "import socket, time\ns = socket.socket(socket.AF_UNIX)\ns.bind('\\0meet')\ns.listen()\ntime.sleep(1.5)"
    busy = threading.Thread(target=python, args=(first, code))
    busy.start()
    time.sleep(0.4)
    seen = sh(second, f"cat {second.scratch}/note $TMPDIR/note note; cat /proc/*/cmdline | tr '\\0' ' '").stdout
    reach = "import socket\ntry: socket.socket(socket.AF_UNIX).connect('\\0meet')\nexcept OSError: print('nobody')"
    met = python(second, reach).stdout
    users = {sh(second, "id -u").stdout}
    busy.join()
    assert b"secret" not in seen
    assert b"meet" not in seen
    assert met == b"nobody\n"
    assert sh(first, "cat note").stdout == b"secret\n"
    assert int(sh(first, "id -u").stdout) not in users or _is_unprivileged()


def test_closing_twice_is_fine_and_final(session):
    """Close may be called twice; a command afterwards is an error that says so."""
    session.close()
    session.close()
    with pytest.raises(InfrastructureError, match="closed"):
        sh(session, "true")


def test_lost_session_is_infrastructure(session):
    """Where the sandbox itself dies, the command has no result: InfrastructureError, never a failure of the command."""
    kill_holder(session)
    with pytest.raises(InfrastructureError, match="session is lost"):
        sh(session, "sleep 5")


def _home(session):
    return sh(session, "echo $HOME").stdout.decode().strip()


def _is_unprivileged():
    return os.getuid() != 0


def _processes_with(text):
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if text in path.read_bytes():
                found.append(path)
        except OSError:
            continue
    return found
