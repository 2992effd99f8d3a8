import base64
import hashlib
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from sandbox_probes import python, sh

from bugladder.records import InfrastructureError
from bugladder.sandboxes.environments import provision, provision_tools
from bugladder.sandboxes.local import LocalSandbox

PIN = ("small-part==2.0",)


@pytest.fixture
def wheels(tmp_path, monkeypatch) -> Path:
    """A folder of wheels in place of an index."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    files = {
        "small_part.py": b"NAME = 'small part'\n",
        "small_part-2.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: small-part\nVersion: 2.0\n",
        "small_part-2.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    with zipfile.ZipFile(folder / "small_part-2.0-py3-none-any.whl", "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record += f"{path},sha256={digest},{len(content)}\n"
        archive.writestr("small_part-2.0.dist-info/RECORD", record + "small_part-2.0.dist-info/RECORD,,\n")
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    return folder


def test_pins_stand_inside(cache, environment, wheels):
    """A session has exactly the pinned requirements, compiled, and its tools only where a program asks for them."""
    sandbox = LocalSandbox(cache=str(cache), tool_requirements=PIN)
    session = sandbox.open(replace(environment, requirements=PIN), "pins")
    bare = sandbox.open(environment, "bare")
    try:
        assert python(session, "import small_part, sys; print(small_part.__cached__)").stdout.endswith(b".pyc\n")
        assert python(bare, "import small_part").exit_code == 1
        env = (("PYTHONPATH", sh(bare, "printf %s $BUGLADDER_TOOLS").stdout.decode()),)
        assert python(bare, "import small_part; print(small_part.NAME)", env=env).stdout == b"small part\n"
        assert python(bare, "import pip").exit_code == 1
    finally:
        session.close()
        bare.close()


def test_set_is_made_once(tmp_path, wheels):
    """A pin given twice makes no other set, and what is there is not made again, even without an index."""
    first = provision((*PIN, *PIN), tmp_path / "cache")
    marker = first / "made-once"
    marker.touch()
    wheels.joinpath("small_part-2.0-py3-none-any.whl").unlink()
    assert provision(PIN, tmp_path / "cache") == first
    assert marker.exists()
    assert provision_tools((), tmp_path / "cache") != first


def test_makers_do_not_meet(tmp_path, wheels):
    """Several processes that need the same set at once get one whole environment and leave no parts."""
    code = (
        "import sys; from pathlib import Path; from bugladder.sandboxes.environments import provision;"
        "print(provision(('small-part==2.0',), Path(sys.argv[1])))"
    )
    argv = [sys.executable, "-c", code, str(tmp_path / "cache")]
    running = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = {process.communicate(timeout=60)[0].strip() for process in running}
    assert len(answers) == 1
    assert Path(answers.pop(), "bin", "python").exists()
    assert [path.name for path in (tmp_path / "cache" / "envs").iterdir() if ".part-" in path.name] == []


def test_unknown_pin_is_named(tmp_path, wheels):
    """A pin that cannot be had is an InfrastructureError that names it, and nothing half-made stays."""
    with pytest.raises(InfrastructureError, match=r"small-part==9\.9.*could not be installed") as caught:
        provision(("small-part==9.9",), tmp_path / "cache")
    assert "\n" not in str(caught.value)
    assert [path for path in (tmp_path / "cache" / "envs").iterdir() if not path.name.endswith(".lock")] == []


def test_missing_network_is_told(tmp_path, monkeypatch):
    """Without a reachable index the error says what was needed and that finished parts are kept."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.delenv("UV_FIND_LINKS", raising=False)
    with pytest.raises(InfrastructureError, match=r"small-part==2\.0.*finished parts are kept"):
        provision(PIN, tmp_path / "cache")


def test_cache_that_cannot_be_written_is_told(tmp_path):
    """A cache below a file is an InfrastructureError that names the cache."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InfrastructureError, match="cannot be written"):
        provision((), tmp_path / "file" / "cache")


@pytest.mark.network
def test_real_pins_come_from_the_index(cache, environment):
    """Pins and the default tools are fetched from the package index and stand inside."""
    sandbox = LocalSandbox(cache=str(cache))
    session = sandbox.open(replace(environment, requirements=("iniconfig==2.3.1",)), "index")
    try:
        assert python(session, "import iniconfig").exit_code == 0
        env = (("PYTHONPATH", "/tools" if session.root == "/testbed" else sh(session, "echo $BUGLADDER_TOOLS").stdout),)
        version = python(session, "import coverage; print(coverage.__version__)", env=env).stdout
        assert version == b"7.17.3\n"
    finally:
        session.close()
