import hashlib
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bugladder.records import BugladderError, InfrastructureError, SdistSource
from bugladder.sources import fetch_sdist, list_sdists

CONTENT = b"pretend archive"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
NAMES = (
    "tiny-lib-1.0.tar.gz",
    "tiny-lib-1.10.tar.gz",
    "tiny-lib-1.9.zip",
    "tiny-lib-1.9.tar.gz",
    "tiny-lib-2.0rc1.tar.gz",
    "tiny_lib-1.10-py3-none-any.whl",
)


@pytest.fixture
def index_folder(tmp_path):
    """A static simple index with one package."""
    page = tmp_path / "index" / "tiny-lib"
    page.mkdir(parents=True)
    links = [f'<a href="{name}#sha256={DIGEST}">{name}</a>' for name in NAMES]
    links.append(f'<a href="tiny-lib-1.11.tar.gz#sha256={DIGEST}" data-yanked="bad">tiny-lib-1.11.tar.gz</a>')
    (page / "index.html").write_text(f"<!DOCTYPE html><html><body>{' '.join(links)}</body></html>")
    for name in NAMES:
        (page / name).write_bytes(CONTENT)
    return page.parent


@pytest.fixture
def served(index_folder):
    """The index by HTTP; counts what was asked for."""
    asked = []

    class Handler(SimpleHTTPRequestHandler):
        def log_request(self, code="-", size="-"):
            asked.append(self.path)

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(index_folder))) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


@pytest.fixture(params=["http", "file", "named"])
def index(request, index_folder, served, monkeypatch):
    """The three ways in which a machine names its index."""
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    if request.param == "file":
        monkeypatch.setenv("UV_INDEX_URL", index_folder.as_uri())
    elif request.param == "named":
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"inner={served[0]}/")
    else:
        monkeypatch.setenv("PIP_INDEX_URL", served[0])


def source(filename="tiny-lib-1.10.tar.gz", sha256=DIGEST):
    """The pin of one of the served files."""
    return SdistSource("tiny-lib", "1.10", filename, sha256)


def test_final_releases_are_listed_in_order(index):
    """One sdist a version by version order, .tar.gz before .zip; no wheels, pre-releases or yanked files."""
    listed = [(found.version, found.filename, found.sha256) for found in list_sdists("tiny-lib")]
    assert listed == [(v, f"tiny-lib-{v}.tar.gz", DIGEST) for v in ("1.0", "1.9", "1.10")]


def test_pinned_file_is_fetched_once(index, served, tmp_path):
    """The file stands at cache/<sha256>/<filename> and is not asked for again; no part is left."""
    path = fetch_sdist(source(), tmp_path / "cache")
    assert path == tmp_path / "cache" / DIGEST / "tiny-lib-1.10.tar.gz"
    assert path.read_bytes() == CONTENT
    asked = len(served[1])
    assert fetch_sdist(source(), tmp_path / "cache") == path
    assert len(served[1]) == asked
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_other_hash_is_refused(index, tmp_path):
    """A file with another sha256 is one line with id, expected and actual hash, and is not kept."""
    with pytest.raises(BugladderError, match=f"tiny-lib-1.10: .*{DIGEST}, expected {'0' * 64}") as caught:
        fetch_sdist(source(sha256="0" * 64), tmp_path / "cache")
    assert not isinstance(caught.value, InfrastructureError)
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "cache" / ("0" * 64)).iterdir()) == []


def test_unknown_package_and_file_are_named(index, tmp_path):
    """What the index does not list is an error that names it."""
    with pytest.raises(BugladderError, match="'no-such-lib' is not on the package index"):
        list_sdists("no-such-lib")
    with pytest.raises(BugladderError, match=r"tiny-lib-1\.10: the index lists no file tiny-lib-7\.tar\.gz"):
        fetch_sdist(source("tiny-lib-7.tar.gz"), tmp_path / "cache")


@pytest.mark.parametrize("digest", ["", "../x", DIGEST[:-1], DIGEST.upper()])
def test_ill_formed_hash_is_refused(tmp_path, digest):
    """A hash that is none is an error that names it, before it becomes a folder."""
    with pytest.raises(BugladderError, match="64 lower-case hexadecimal"):
        fetch_sdist(source(sha256=digest), tmp_path / "cache")


def test_filename_stays_in_the_cache(tmp_path):
    """A filename with folders is refused before anything is asked for."""
    with pytest.raises(BugladderError, match="plain name"):
        fetch_sdist(source("../x.tar.gz"), tmp_path / "cache")


def test_missing_network_is_infrastructure(tmp_path, monkeypatch):
    """No network at the first download: what was needed, by name, version and file, and that parts are kept."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    with pytest.raises(
        InfrastructureError, match=r"tiny-lib-1\.10 \(tiny-lib-1\.10\.tar\.gz\).*finished parts are kept"
    ):
        fetch_sdist(source(), tmp_path / "cache")
    with pytest.raises(InfrastructureError, match="tiny-lib"):
        list_sdists("tiny-lib")


def test_cached_file_needs_no_network(tmp_path, monkeypatch):
    """What is in the cache is served without the index."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    path = tmp_path / "cache" / DIGEST / "tiny-lib-1.10.tar.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    assert fetch_sdist(source(), tmp_path / "cache") == path


def test_several_processes_fetch_at_once(served, tmp_path, monkeypatch):
    """Processes that need the same file at once all get it whole, and leave no parts."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", served[0])
    code = (
        "import sys; from pathlib import Path; from bugladder.records import SdistSource;"
        "from bugladder.sources import fetch_sdist;"
        "print(len(fetch_sdist(SdistSource(*sys.argv[2:]), Path(sys.argv[1])).read_bytes()))"
    )
    argv = [sys.executable, "-c", code, str(tmp_path / "cache"), "tiny-lib", "1.10", "tiny-lib-1.10.tar.gz", DIGEST]
    running = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=60)[0] for process in running] == [f"{len(CONTENT)}\n"] * 2
    assert [found.name for found in (tmp_path / "cache" / DIGEST).iterdir()] == ["tiny-lib-1.10.tar.gz"]


@pytest.mark.network
def test_real_index_lists_dates(monkeypatch):
    """The package index gives versions in order with hashes and upload times."""
    found = list_sdists("iniconfig")
    assert [release.version for release in found][:2] == ["0.1", "1.0.0"]
    assert all(len(release.sha256) == 64 and release.uploaded.startswith("20") for release in found)
